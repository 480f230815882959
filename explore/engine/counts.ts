import type { Configuration } from "./configuration.ts";
import { nothingTaken } from "./coverage.ts";

/** What a search has counted. */
export interface Counts {
  /** Moves that were made. */
  transitions: number;
  /** How often each move was made, by its number. */
  readonly moves: number[];
  /** How often each transition of every chart was taken. */
  readonly taken: number[];
  /** How often each case of `sometimes`, and whatever else was counted, was met. */
  readonly met: Record<string, number>;
}

export const nothingCounted = ({ moves, sometimes }: Configuration): Counts => ({
  transitions: 0,
  moves: moves.map(() => 0),
  taken: nothingTaken(),
  met: Object.fromEntries(sometimes.map((name) => [name, 0])),
});

function addAll(sums: number[], more: readonly number[]): void {
  for (const [index, value] of more.entries()) sums[index] = (sums[index] ?? 0) + value;
}

/** Adds what was counted elsewhere. */
export function addCounts(counts: Counts, more: Counts): void {
  counts.transitions += more.transitions;
  addAll(counts.moves, more.moves);
  addAll(counts.taken, more.taken);
  for (const [name, times] of Object.entries(more.met)) {
    counts.met[name] = (counts.met[name] ?? 0) + times;
  }
}
