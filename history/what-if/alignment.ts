import { diffArrays } from "diff";
import { encodeInput } from "../../events/log/log.ts";
import { inputAt } from "../timeline/input-store.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Branch } from "./branch.ts";

/** Inputs of two runs that stand for each other, by their places; or one that has no partner. */
export interface Pair {
  readonly left: number | undefined;
  readonly right: number | undefined;
}

/** For each input of a branch whether it comes before one that was before it in the log. */
function movedUp(origins: readonly number[]): readonly boolean[] {
  const moved: boolean[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  for (let index = origins.length - 1; index >= 0; index--) {
    const origin = origins[index] as number;
    moved[index] = origin > lowest;
    if (origin >= 0) lowest = Math.min(lowest, origin);
  }
  return moved;
}

/** Pairs inputs of a log with those of a branch of it: each with what it comes from. */
export function* pairsOfBranch({ base, first, origins }: Branch): Generator<Pair, void, void> {
  const kept = new Set(origins);
  const moved = movedUp(origins);
  let left = first;
  for (const [index, origin] of origins.entries()) {
    const right = first + index;
    if (origin < 0) {
      yield { left: undefined, right };
      continue;
    }
    // What was moved up says nothing of where the log is.
    for (; moved[index] !== true && left < origin; left++) {
      if (!kept.has(left)) yield { left, right: undefined };
    }
    yield { left: origin, right };
  }
  for (; left < base.inputs.count; left++) if (!kept.has(left)) yield { left, right: undefined };
}

const keyAt = (timeline: Timeline, place: number): string => {
  const input = inputAt(timeline.inputs, place);
  return input === undefined ? "" : encodeInput(0, input);
};

/** How many inputs two runs have alike from the start on, and then from the end back. */
function alike(left: Timeline, right: Timeline): readonly [start: number, end: number] {
  const most = Math.min(left.inputs.count, right.inputs.count);
  let start = 0;
  while (start < most && keyAt(left, start) === keyAt(right, start)) start += 1;
  let end = 0;
  while (end < most - start) {
    const [at, other] = [left.inputs.count - 1 - end, right.inputs.count - 1 - end];
    if (keyAt(left, at) !== keyAt(right, other)) break;
    end += 1;
  }
  return [start, end];
}

/** Inputs that are only in one of two runs, before the rest is paired by its places alone. */
const mostEdits = 2000;

/** Equal numbers for equal inputs: what is compared is looked at once. */
function numbersOf(
  timeline: Timeline,
  from: number,
  to: number,
  known: Map<string, number>,
): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => {
    const key = keyAt(timeline, from + index);
    const number = known.get(key) ?? known.size;
    known.set(key, number);
    return number;
  });
}

function* byPlace(start: number, left: number, right: number): Generator<Pair, void, void> {
  for (let at = start; at < Math.max(left, right); at++) {
    yield { left: at < left ? at : undefined, right: at < right ? at : undefined };
  }
}

/**
 * Pairs the inputs of any two runs by what they did: the longest row that both have, with what only
 * one of them did in between.
 */
export function* pairsOfRuns(left: Timeline, right: Timeline): Generator<Pair, void, void> {
  const [start, end] = alike(left, right);
  for (let at = 0; at < start; at++) yield { left: at, right: at };
  const [leftEnd, rightEnd] = [left.inputs.count - end, right.inputs.count - end];
  const known = new Map<string, number>();
  const changes = diffArrays(
    numbersOf(left, start, leftEnd, known),
    numbersOf(right, start, rightEnd, known),
    { maxEditLength: mostEdits },
  );
  let [at, other] = [start, start];
  if (changes === undefined) yield* byPlace(start, leftEnd, rightEnd);
  for (const { added, removed, count = 0 } of changes ?? []) {
    for (let index = 0; index < count; index++) {
      yield {
        left: added ? undefined : at,
        right: removed ? undefined : other,
      };
      if (!added) at += 1;
      if (!removed) other += 1;
    }
  }
  for (let index = 0; index < end; index++) {
    yield { left: leftEnd + index, right: rightEnd + index };
  }
}
