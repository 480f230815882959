import { diffArrays } from "diff";
import { encodeInput } from "../../events/log/log.ts";
import { inputAt } from "../timeline/input-store.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Boot } from "./boots.ts";
import { bootsOf, pairBoots, shapeOf } from "./boots.ts";
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

const shapeAt = (timeline: Timeline, place: number): string => {
  const input = inputAt(timeline.inputs, place);
  return input === undefined ? "" : shapeOf(input);
};

/** Two runs, as far as they are looked at. */
interface Stretch {
  readonly left: Timeline;
  readonly right: Timeline;
  readonly one: Boot;
  readonly other: Boot;
}

/** How many inputs two stretches have alike from the start on, and then from the end back. */
function alike({ left, right, one, other }: Stretch): readonly [start: number, end: number] {
  const most = Math.min(one.to - one.from, other.to - other.from);
  const isSame = (at: number, to: number): boolean => keyAt(left, at) === keyAt(right, to);
  let start = 0;
  while (start < most && isSame(one.from + start, other.from + start)) start += 1;
  let end = 0;
  while (end < most - start && isSame(one.to - 1 - end, other.to - 1 - end)) end += 1;
  return [start, end];
}

/** Inputs that are only in one of two stretches, before they are compared in a coarser way. */
const mostEdits = 2000;

/** Equal numbers for equal inputs: what is compared is looked at once. */
function numbersOf(
  timeline: Timeline,
  { from, to }: Boot,
  known: Map<string, number>,
  keyOf: typeof keyAt,
): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => {
    const key = keyOf(timeline, from + index);
    const number = known.get(key) ?? known.size;
    known.set(key, number);
    return number;
  });
}

function* byPlace({ one, other }: Stretch): Generator<Pair, void, void> {
  for (let at = 0; at < Math.max(one.to - one.from, other.to - other.from); at++) {
    const [left, right] = [one.from + at, other.from + at];
    yield {
      left: left < one.to ? left : undefined,
      right: right < other.to ? right : undefined,
    };
  }
}

/** Pairs the longest row that both have; in between, what only one of them has, by `rest`. */
function* byRow(
  stretch: Stretch,
  keyOf: typeof keyAt,
  rest: (between: Stretch) => Generator<Pair, void, void>,
): Generator<Pair, boolean, void> {
  const { left, right, one, other } = stretch;
  const known = new Map<string, number>();
  const changes = diffArrays(
    numbersOf(left, one, known, keyOf),
    numbersOf(right, other, known, keyOf),
    { maxEditLength: mostEdits },
  );
  if (changes === undefined) return false;
  let [at, to] = [one.from, other.from];
  let [first, second] = [at, to];
  const between = (): Generator<Pair, void, void> =>
    rest({ left, right, one: { from: at, to: first }, other: { from: to, to: second } });
  for (const { added, removed, count = 0 } of changes) {
    if (removed) first += count;
    else if (added) second += count;
    else {
      yield* between();
      for (let index = 0; index < count; index++) {
        yield { left: first + index, right: second + index };
      }
      [first, second] = [first + count, second + count];
      [at, to] = [first, second];
    }
  }
  yield* between();
  return true;
}

function* alone({ one, other }: Stretch): Generator<Pair, void, void> {
  for (let left = one.from; left < one.to; left++) yield { left, right: undefined };
  for (let right = other.from; right < other.to; right++) yield { left: undefined, right };
}

/** Pairs inputs that did the same with other addresses and values. */
function* byShape(stretch: Stretch): Generator<Pair, void, void> {
  const { one, other } = stretch;
  if (one.from === one.to || other.from === other.to) yield* alone(stretch);
  else if (!(yield* byRow(stretch, shapeAt, alone))) yield* byPlace(stretch);
}

function* pairsOfStretch(stretch: Stretch): Generator<Pair, void, void> {
  const { left, right, one, other } = stretch;
  const [start, end] = alike(stretch);
  const middle: Stretch = {
    ...{ left, right },
    one: { from: one.from + start, to: one.to - end },
    other: { from: other.from + start, to: other.to - end },
  };
  for (let at = 0; at < start; at++) yield { left: one.from + at, right: other.from + at };
  if (!(yield* byRow(middle, keyAt, byShape))) yield* byShape(middle);
  for (let at = end; at > 0; at--) yield { left: one.to - at, right: other.to - at };
}

/** How good an alignment is: equal inputs count twice, those that did the same elsewhere once. */
function worth(left: Timeline, right: Timeline, pairs: readonly Pair[]): number {
  let sum = 0;
  for (const pair of pairs) {
    if (pair.left === undefined || pair.right === undefined) continue;
    if (keyAt(left, pair.left) === keyAt(right, pair.right)) sum += 2;
    else if (shapeAt(left, pair.left) === shapeAt(right, pair.right)) sum += 1;
  }
  return sum;
}

/** What an alignment by boots may lose: without them, some of one boot is found in another. */
const worthKept = 0.9;

/**
 * Pairs the inputs of any two runs by what they did: the longest row that both have, and in between
 * those that did the same elsewhere, with what only one of them did. Where a run has several boots,
 * boot by boot, unless much less is alike so, as where one run never latches a root pointer.
 */
export function* pairsOfRuns(left: Timeline, right: Timeline): Generator<Pair, void, void> {
  const [one, other] = [left, right].map(({ inputs }): Boot => ({ from: 0, to: inputs.count }));
  const none = { from: 0, to: 0 };
  const whole: Stretch = { left, right, one: one ?? none, other: other ?? none };
  const [boots, others] = [bootsOf(left), bootsOf(right)];
  if (boots.length === 1 && others.length === 1) {
    yield* pairsOfStretch(whole);
    return;
  }
  const plain = [...pairsOfStretch(whole)];
  const byBoot = pairBoots([left, boots], [right, others]).flatMap((pair) => [
    ...pairsOfStretch({ left, right, one: pair.left ?? none, other: pair.right ?? none }),
  ]);
  const isWorse = worth(left, right, byBoot) < worth(left, right, plain) * worthKept;
  yield* isWorse ? plain : byBoot;
}
