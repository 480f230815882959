import type { Iova } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { Step } from "../../history/step.ts";
import type { Use, UsedPage } from "../../history/use.ts";
import { useIn } from "../../history/use.ts";
import type { World } from "../../projections/world.ts";
import { foldFile } from "../folding.ts";
import type { InputError } from "../input-error.ts";
import type { Run } from "../run.ts";
import type { LookupOptions } from "./lookup.ts";

/** A DMA to a page, and the state that it met. */
export interface Meeting {
  readonly use: Use;
  readonly iova: Iova;
  readonly world: World;
  /** Number of the last event of its step. */
  readonly until: number;
}

/** How translation was turned off at last. */
export interface TurnedOff {
  readonly seq: number;
  /** Number of the last event with translation on. */
  readonly before: number;
}

/** What is known once a file was folded. */
export interface Found {
  /** The state after `--at`, or at the end. */
  readonly world: World;
  /** Translation is off there, and was turned off by this. */
  readonly off: TurnedOff | undefined;
  /** The DMA to the page up to there that is worth most; of equals, the last one. */
  readonly meeting: Meeting | undefined;
  readonly failure: InputError | undefined;
}

/**
 * What a DMA to the page is worth to who looks at it, more than 0 if anything.
 *
 * @param isExact  it was to the very address.
 * @param isOn     translation was on.
 */
export type Weigh = (use: Use, isExact: boolean, isOn: boolean) => number;

const isOn = (world: World, guest: number): boolean =>
  world.guests[guest]?.charts.translation === "enabled";

/** What a step did to translation: turned it off, on, or neither. */
function followOff(old: TurnedOff | undefined, step: Step, guest: number): TurnedOff | undefined {
  const [was, is] = [isOn(step.before, guest), isOn(step.after, guest)];
  if (was === is) return old;
  if (is) return undefined;
  const index = step.facts.findIndex((fact) => /^(TranslationDis|UnitWasRe)/.test(fact.type));
  return { seq: step.seq + 1 + index, before: step.before.seq };
}

/** Whether a DMA is of the kind that was asked for. */
const isMeant = ({ access, privileged, execute }: LookupOptions, use: Use): boolean =>
  (access === undefined || use.access === access) &&
  (privileged === undefined || use.privileged) &&
  (execute === undefined || use.execute);

/** Folds a file and keeps the DMA to the page of the options that is worth most. */
export async function findMoment(
  run: Run,
  file: string,
  options: LookupOptions,
  weigh: Weigh,
): Promise<Found> {
  const { device, iova, guest, pasid } = options;
  const place: UsedPage = { guest, device, page: pageOf(iova), pasid };
  let meeting: Meeting | undefined;
  let best = 0;
  let off: TurnedOff | undefined;
  const step = (one: Step): void => {
    off = followOff(off, one, guest);
    const use = useIn(place, one);
    if (use === undefined || !isMeant(options, use)) return;
    const used = "iova" in one.input ? one.input.iova : iova;
    const worth = weigh(use, used === iova, isOn(one.before, guest));
    if (worth === 0 || worth < best) return;
    best = worth;
    meeting = { use, iova: used, world: one.before, until: one.seq + one.facts.length };
  };
  const { world, failure } = await foldFile(file, run.terminal, { step }, options.at);
  return { world, off, meeting, failure };
}
