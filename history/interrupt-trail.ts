import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { readInterruptEntry } from "../projections/interrupt/interrupt-entry.ts";
import type { Step } from "./step.ts";

/** An event, and the number of the input behind it when it is a fact. */
export interface Noted {
  readonly seq: number;
  readonly cause: number | undefined;
  readonly event: Input | Fact;
}

/** What is known of one interrupt entry of one guest from looking at every step so far. */
export interface InterruptTrail {
  readonly guest: number;
  readonly index: number;
  /** SIRTP. */
  readonly latched: Noted | undefined;
  /** The last event that changed the entry as the unit sees it. */
  readonly written: Noted | undefined;
  /** The last invalidation that covers it. */
  readonly invalidated: Noted | undefined;
  /** The first one that covers it after it was last written. */
  readonly announced: Noted | undefined;
  /** What became of the last request through it; of how many. */
  readonly used: Noted | undefined;
  readonly uses: number;
}

/** A trail that knows nothing yet. */
export const startInterruptTrail = (guest: number, index: number): InterruptTrail => ({
  guest,
  index,
  latched: undefined,
  written: undefined,
  invalidated: undefined,
  announced: undefined,
  used: undefined,
  uses: 0,
});

const isOutcome = (fact: Fact): boolean => /^Interrupt(Delivered|Posted|Blocked)$/.test(fact.type);

function covers(fact: Fact, index: number): boolean {
  if (fact.type !== "InterruptEntriesInvalidated") return false;
  const { first, count = 1 } = fact;
  return first === undefined || (index >= first && index < first + count);
}

function followFact(trail: InterruptTrail, noted: Noted, fact: Fact): InterruptTrail {
  const { guest, index } = trail;
  if ((fact.guest ?? 0) !== guest) return trail;
  if (fact.type === "InterruptTableLatched") return { ...trail, latched: noted };
  if (covers(fact, index)) {
    return { ...trail, invalidated: noted, announced: trail.announced ?? noted };
  }
  if (!isOutcome(fact) || !("index" in fact) || fact.index !== index) return trail;
  return { ...trail, used: noted, uses: trail.uses + 1 };
}

/**
 * The fact of a step that wrote memory, or made the unit see what waited in the write buffer; else
 * its input.
 */
function writer(step: Step): Noted {
  const flushed = step.facts.findIndex(({ type }) => /^WriteBuffer/.test(type));
  const wrote = step.facts.findIndex(({ type }) => /^(MemoryWritten|DmaLanded)$/.test(type));
  const at = flushed >= 0 ? flushed : wrote;
  const fact = step.facts[at];
  if (fact === undefined) return { seq: step.seq, cause: undefined, event: step.input };
  return { seq: step.seq + 1 + at, cause: step.seq, event: fact };
}

/** What is known once one more step was taken. */
export function followInterruptTrail(trail: InterruptTrail, step: Step): InterruptTrail {
  const { guest, index } = trail;
  const [before, after] = [step.before.guests[guest], step.after.guests[guest]];
  if (before === undefined || after === undefined) return trail;
  let next = trail;
  const changed =
    before.interruptTable === after.interruptTable
      ? readInterruptEntry(before, index) !== readInterruptEntry(after, index)
      : false;
  if (changed) next = { ...next, written: writer(step), announced: undefined };
  for (const [at, fact] of step.facts.entries()) {
    next = followFact(next, { seq: step.seq + 1 + at, cause: step.seq, event: fact }, fact);
  }
  return next;
}
