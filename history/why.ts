import { pageOf } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { isInterrupt } from "../hypervisor/device/dma.ts";
import { translate } from "../hypervisor/translate/translate.ts";
import type { World } from "../projections/world.ts";
import { decisiveStep } from "./decisive.ts";
import type { EarlyWrites } from "./early-writes.ts";
import { earlyWrites, withEarly } from "./early-writes.ts";
import type { DmaExplanation, Explanation, InterruptExplanation } from "./explanation.ts";
import type { Meeting, Search, Weigh } from "./moment.ts";
import { followSearch, startSearch } from "./moment.ts";
import type { Place } from "./path-entry.ts";
import { factsAbout, followTrail, startTrail } from "./provenance.ts";
import type { Question } from "./question.ts";
import { askedOf, hostOf } from "./question.ts";
import { regimeOf } from "./regime.ts";
import type { Step } from "./step.ts";
import { stepsOf } from "./step.ts";
import type { PlaceFact } from "./use.ts";
import { pathOf, unseenOn } from "./walk-path.ts";

/**
 * How much a DMA to the page is worth explaining: first one that landed where the tables no longer
 * led, then one that was refused though they allowed it; else one to the address that was blocked,
 * one in its page that was, one that landed, and before that through the guest's tables. An
 * interrupt request to another address is another interrupt.
 */
export const weighWhy: Weigh = (use, isExact, isOn, isMisled) => {
  if (use.interrupt !== undefined) {
    if (!isExact) return 0;
    return use.interrupt.outcome?.type === "InterruptBlocked" ? 6 : 5;
  }
  if (isMisled()) return use.blocked === undefined ? 8 : 7;
  if (use.blocked === undefined) return isOn ? 2 : 1;
  return isExact ? 4 : 3;
};

/** Looks for the moment that `why` explains: to be followed by every step up to the one asked. */
export const startWhy = (question: Question): Search => startSearch(question, weighWhy);

/** A moment that was found, while its history is looked at again from the first event. */
export interface Inquiry {
  /** The state that the request met. */
  readonly world: World;
  /** Number of the last event to look at; `undefined` where there is no need to look at any. */
  readonly until: number | undefined;
  /** Takes in the next step, from the first one. */
  readonly follow: (step: Step) => void;
  /** What is known from the steps so far. */
  readonly answer: () => Explanation;
}

/** Whether it is an interrupt request that is to be explained: a read of the range is a DMA. */
function isRequest({ at, access, iova, pasid }: Question, meeting: Meeting | undefined): boolean {
  if (!isInterrupt(iova) || access === "read" || pasid !== undefined) return false;
  return at !== undefined || meeting === undefined || meeting.use.interrupt !== undefined;
}

function explainInterrupt(question: Question, world: World, meeting: Meeting | undefined): Inquiry {
  const { guest = 0, device, iova } = question;
  const isOn = world.guests[guest]?.charts.remapping === "enabled";
  const use = meeting?.use;
  const at = world.seq;
  const answer: InterruptExplanation = { kind: "interrupt", at, device, iova, use, isOn };
  return { world, until: undefined, follow: () => {}, answer: () => answer };
}

/**
 * Begins to explain what a search has found.
 *
 * @param end  the state after the last step of the search.
 */
export function startInquiry({ question, off, late, ...search }: Search, end: World): Inquiry {
  const meeting = question.at === undefined ? search.meeting : undefined;
  const { world, until, use } = meeting ?? { world: end, until: end.seq, use: undefined };
  const iova = meeting?.iova ?? question.iova;
  if (isRequest(question, search.meeting)) return explainInterrupt(question, world, meeting);
  const { guest: index = 0, device, pasid } = question;
  const guest = world.guests[index];
  const access = use?.access ?? question.access ?? "read";
  const asked = askedOf(question, access, use);
  const walk = translate(world, index, device, iova, asked);
  const entries = pathOf(walk, iova);
  const place: Place = { guest: index, device, page: pageOf(iova), pasid, entries };
  const seenLate = meeting?.late ?? late;
  const early: EarlyWrites = earlyWrites(place, meeting?.before.guests[index], guest, seenLate);
  const known: Omit<DmaExplanation, "trail" | "facts"> = {
    kind: "dma",
    at: world.seq,
    request: { device, iova, access, asked },
    use,
    walk,
    decisive: decisiveStep(walk, access),
    unseen: unseenOn(walk, guest, seenLate),
    early,
    regime: regimeOf(guest, walk),
    profile: guest?.profile,
    host: hostOf(world, question),
    off: meeting === undefined ? off : undefined,
  };
  const facts: PlaceFact[] = [];
  let trail = startTrail(place);
  const follow = (step: Step): void => {
    trail = followTrail(trail, step);
    facts.push(...factsAbout(place, step));
  };
  return {
    world,
    until,
    follow,
    answer: () => ({ ...known, trail: withEarly(trail, early), facts }),
  };
}

/**
 * Tells why a DMA to one page of one device went where it went, or was blocked: the walk that it
 * met, who wrote each entry on the path, which invalidation announced it, which fact put it into
 * the shadow, which DMA used it.
 *
 * It explains the last DMA to the page that went by what the tables no longer said, else the last
 * one to the address or its page that was blocked, else the last one that landed; with `at`, or
 * where there was none, what would become of one.
 *
 * @param start     the world before the first input, as `createWorld` gives it.
 * @param inputs    everything that happened since; folded twice.
 * @param question  the device and the address; one that is not there is walked all the same.
 */
export function why(start: World, inputs: readonly Input[], question: Question): Explanation {
  let search = startWhy(question);
  let end = start;
  for (const step of stepsOf(start, inputs, question.at)) {
    search = followSearch(search, step);
    end = step.after;
  }
  const inquiry = startInquiry(search, end);
  if (inquiry.until === undefined) return inquiry.answer();
  for (const step of stepsOf(start, inputs, inquiry.until)) inquiry.follow(step);
  return inquiry.answer();
}
