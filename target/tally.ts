import type { ProgramRun } from "./lane.ts";
import { patterns } from "./sendable.ts";

/** What a campaign has come to so far. */
export interface Tally {
  programs: number;
  /** Operations that were given to the target; filling pages with patterns is none. */
  operations: number;
  /** Those of them that were compared and agree, or are explained. */
  compared: number;
  /** Times that the target chose another of several values that are allowed. */
  choices: number;
  readonly deviations: Map<string, number>;
  /** Types of inputs and facts. */
  readonly kinds: Map<string, number>;
}

/** Nothing has run yet. */
export const emptyTally = (): Tally => ({
  ...{ programs: 0, operations: 0, compared: 0, choices: 0 },
  deviations: new Map(),
  kinds: new Map(),
});

/** Adds to one of the counts. */
export const add = (map: Map<string, number>, key: string, count: number): void =>
  void map.set(key, (map.get(key) ?? 0) + count);

/** Counts a program. */
export function count(tally: Tally, outcome: ProgramRun): void {
  const { steps, comparison } = outcome;
  const prologue = steps.filter((input) => patterns.includes(input)).length;
  tally.programs += 1;
  tally.operations += steps.length - prologue;
  if (comparison === undefined) return;
  tally.compared += Math.max(0, comparison.agreed - prologue);
  tally.choices += comparison.choices;
  for (const [id, times] of comparison.met) add(tally.deviations, id, times);
  for (const [kind, times] of comparison.kinds) add(tally.kinds, kind, times);
}
