import type { Iova } from "../../events/address.ts";
import { translate } from "../../hypervisor/translate/translate.ts";
import type { Search } from "../moment.ts";
import { followSearch, startSearch } from "../moment.ts";
import type { Question } from "../question.ts";
import { askedOf } from "../question.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { pathOf } from "../walk-path.ts";
import { lateWritesIn } from "./late-writes-in.ts";
import type { FoundMoment } from "./why-in.ts";

/** The question that a DMA is, by the number of any event of its step. */
export function questionOfDma(timeline: Timeline, seq: number): Question | undefined {
  const step = stepOfEvent(timeline, seq);
  if (step === undefined) return undefined;
  const { input } = step;
  if (input.type !== "Dma" && input.type !== "DmaIssue") return undefined;
  const { guest = 0, device, iova, access, pasid, privileged, execute } = input;
  return {
    guest,
    device,
    iova,
    ...(access === undefined ? {} : { access }),
    ...(pasid === undefined ? {} : { pasid }),
    ...(privileged === undefined ? {} : { privileged }),
    ...(execute === undefined ? {} : { execute }),
  };
}

/**
 * The moment of one DMA: what `findMomentIn` finds where this DMA is worth most.
 *
 * @param seq  number of any event of its step.
 * @returns `undefined` when that is no DMA.
 */
export function momentOfDma(timeline: Timeline, seq: number): FoundMoment | undefined {
  const [step, question] = [stepOfEvent(timeline, seq), questionOfDma(timeline, seq)];
  if (step === undefined || question === undefined) return undefined;
  const search = followSearch(
    startSearch(question, () => 1),
    step,
  );
  const { meeting } = search;
  if (meeting === undefined) return undefined;
  const late = lateOf(timeline, search, meeting.iova);
  return { search: { ...search, late, meeting: { ...meeting, late } }, end: step.after };
}

/** What the CPU had written to the entries of the DMA's walk without the unit's seeing it. */
function lateOf(timeline: Timeline, { question, meeting, late }: Search, iova: Iova) {
  if (meeting === undefined) return late;
  const { world, before, use } = meeting;
  const asked = askedOf(question, use.access ?? question.access ?? "read", use);
  const guest = question.guest ?? 0;
  const walk = translate(world, guest, question.device, iova, asked);
  const addresses = pathOf(walk, iova).map(({ address }) => address);
  return lateWritesIn(timeline, before, guest, addresses);
}
