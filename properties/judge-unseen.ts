import { formatSourceId, hex } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Hidden } from "../history/hidden.ts";
import { guestOf, hiddenOn, stepsIfSeen } from "../history/hidden.ts";
import type { Step } from "../history/step.ts";
import { stepOf } from "../history/step.ts";
import type { LateWrites, Waiting } from "../history/unseen.ts";
import { noLateWrites } from "../history/unseen.ts";
import { withLineSeen } from "../projections/memory/as-if-flushed.ts";

/** What is known of a log besides one step of it. */
export interface Beside {
  /** Of each guest, which events wrote what the unit need not see. */
  readonly late?: readonly LateWrites[];
  /** The same step as a unit takes it that sees at once what the CPU writes. */
  readonly seen?: Step | undefined;
  /** The latest steps that invalidated something since the guest wrote what is not flushed. */
  readonly invalidated?: readonly Step[];
}

/** How many lines are taken at most for one step. */
const most = 256;

export const lateOf = (step: Step, { late }: Beside): LateWrites =>
  late?.[guestOf(step)] ?? noLateWrites(guestOf(step));

/** The same step in each world that may be in place of the one that it was taken in. */
export function* otherSteps(step: Step, beside: Beside): Generator<Step, void, void> {
  yield* stepsIfSeen(step, lateOf(step, beside));
  if (beside.seen !== undefined) yield beside.seen;
}

const isAllowed = (facts: readonly Fact[]): boolean =>
  facts.some(({ type }) => /^(DmaTranslated|InterruptDelivered|InterruptPosted)$/.test(type));

const isBlocked = (facts: readonly Fact[]): boolean =>
  facts.some(
    (fact) =>
      (fact.type === "DmaBlocked" && fact.reason !== undefined) || fact.type === "InterruptBlocked",
  );

/** What was not done, by where a write waits. */
export const lacks: Readonly<Record<Waiting, string>> = {
  cache: "not written back (ECAP.C=0)",
  buffer: "with no flush of the write buffer since (CAP.RWBF=1)",
  cacheThenBuffer: "neither written back (ECAP.C=0) nor flushed from the write buffer (CAP.RWBF=1)",
};

const hiddenText = ({ name, address, unseen: { seq, waits } }: Hidden): string => {
  const by = seq === 0 ? "" : ` by event ${seq.toString()}`;
  return `the ${name} at ${hex(address)}, written${by} and ${lacks[waits]}`;
};

/** A request that relies on what its guest did not flush: it is blocked unless the unit sees it. */
export interface Unflushed {
  /** Number of the request's event. */
  readonly seq: number;
  readonly text: string;
  /** Numbers of the events that wrote what is not flushed; 0 where that is not known. */
  readonly wrote: readonly number[];
}

export function requestText({ input }: Step): string {
  if (input.type === "Dma")
    return `the DMA of ${formatSourceId(input.device)} at ${hex(input.iova)}`;
  return "the interrupt request";
}

/**
 * What a step's request relies on though its guest did not flush it: the unit blocks the request as
 * it sees the tables, and would not if it saw all that was written.
 */
export function unflushedBy(step: Step, beside: Beside): Unflushed | undefined {
  if (!isBlocked(step.facts)) return undefined;
  const late = lateOf(step, beside);
  const found: Hidden[] = [];
  let now = step;
  for (let more = hiddenOn(now.before, now, late); more.length > 0 && found.length < most; ) {
    let before = now.before;
    for (const one of more) before = withLineSeen(before, guestOf(step), one.address);
    found.push(...more);
    now = stepOf(before, step.input);
    more = hiddenOn(now.before, now, late);
  }
  const isRight = isAllowed(now.facts) || isAllowed(beside.seen?.facts ?? []);
  if (found.length === 0 || !isRight) return undefined;
  const isBuffered = found.some(({ unseen }) => unseen.waits !== "cache");
  const how = isBuffered ? "; GCMD.WBF, or an invalidation, flushes the write buffer" : "";
  const text = `${requestText(step)} relies on ${found.map(hiddenText).join("; ")}${how}`;
  return { seq: step.seq, text, wrote: found.map(({ unseen }) => unseen.seq) };
}
