import type { Fact } from "../events/fact.ts";
import type { Step } from "../history/step.ts";
import type { Guest } from "../projections/guest.ts";

/** One step as it concerns one guest. */
export interface Moment {
  readonly step: Step;
  /** Which guest, from 0. */
  readonly index: number;
  readonly before: Guest;
  readonly after: Guest;
}

/** A fact of a step with its number. */
export interface Numbered {
  readonly fact: Fact;
  readonly seq: number;
}

/** The number of a step's fact, by its place. */
export const factSeq = ({ seq }: Step, place: number): number => seq + 1 + place;

/** The step as its input's guest meets it, or `undefined` where there is no such guest. */
export function momentOf(step: Step): Moment | undefined {
  const index = step.input.guest ?? 0;
  const [before, after] = [step.before.guests[index], step.after.guests[index]];
  return before === undefined || after === undefined ? undefined : { step, index, before, after };
}
