import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How long one line may take. */
export interface Effort {
  readonly short: boolean;
  /** Seconds to repeat a line for, once it is warm. */
  readonly seconds: number;
  /** Events of a log that is as long as one likes; the usual number when missing. */
  readonly events?: number;
  /** Inputs of it, instead. */
  readonly inputs?: number;
}

/** Keeps a result alive, so that no compiler leaves its computation out. */
const sink: { last: unknown } = { last: undefined };
export const keep = (value: unknown): void => {
  sink.last = value;
};

/** Seconds that a call takes. */
export function secondsOf(run: () => unknown): number {
  const start = performance.now();
  keep(run());
  return Math.max(1e-9, (performance.now() - start) / 1000);
}

/** Milliseconds of this process' own, whatever else runs beside it. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Seconds of the fastest of several calls, after one that warms up: at least two, for as long as
 * the effort says.
 */
export function bestSeconds(effort: Effort, run: () => unknown): number {
  const start = performance.now();
  keep(run());
  let best = Number.POSITIVE_INFINITY;
  for (let passes = 0; ; passes++) {
    if (passes >= 2 && performance.now() - start > effort.seconds * 1000) return best;
    best = Math.min(best, secondsOf(run));
  }
}

/** Nanoseconds of one of `count` like operations that a call does, in the fastest of its calls. */
export const bestNanoseconds = (effort: Effort, count: number, run: () => unknown): number =>
  (bestSeconds(effort, run) / count) * 1e9;

/** The middle one of some times; of times on a shared machine the mean says little. */
export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/**
 * CPU milliseconds of each of several things, the median of a number of rounds in which they take
 * turns: what else the machine does, and what was compiled before, meets all of them.
 *
 * @param rounds  how many rounds count, after two that warm up.
 */
export function inTurns(rounds: number, runs: readonly (() => unknown)[]): readonly number[] {
  const times = runs.map((): number[] => []);
  for (let round = -2; round < rounds; round++) {
    for (const [index, run] of runs.entries()) {
      const start = cpuMilliseconds();
      keep(run());
      if (round >= 0) times[index]?.push(cpuMilliseconds() - start);
    }
  }
  return times.map(median);
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes on the heap that something still refers to. */
export function heapBytes(): number {
  keep(undefined);
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Numbers that look drawn at random and are the same in every run: below `limit`, at most 2^32. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
