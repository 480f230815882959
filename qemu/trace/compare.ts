import { descriptorType, descriptorTypes } from "../../events/descriptor.ts";
import { descriptorText, kindOf, specOf } from "./reach.ts";
import type { Sequence } from "./sequence.ts";

/** One invalidation of a trace, waits left out. */
interface Entry {
  readonly line: number;
  /** `undefined` where the unit does not log what it fetched. */
  readonly words: bigint | undefined;
}

/** An invalidation that only one of two traces has. */
export interface Difference {
  /** The trace that has it: the first or the second. */
  readonly only: 1 | 2;
  /** Its line there. */
  readonly line: number;
  /** Its place among that trace's invalidations, from 1. */
  readonly place: number;
  readonly text: string;
  /** The line in the other trace before which it is missing; `undefined` at its end. */
  readonly before: number | undefined;
  /** It lies before the first or after the last that both have: one trace was taken for longer. */
  readonly outside: boolean;
}

/** What two traces of one boot have in common. */
export interface Comparison {
  /** How many invalidations, waits left out, each trace has. */
  readonly counts: readonly [number, number];
  readonly common: number;
  /** The lines where each has what is common, in order. */
  readonly pairs: readonly (readonly [number, number])[];
  /** In order. */
  readonly differences: readonly Difference[];
  /** The traces differ so much that the rest was not compared. */
  readonly given: "whole" | "upToLimit";
}

/** Differences after which nothing is to be gained from going on. */
const limit = 1000;

const entriesOf = ({ entries }: Sequence): readonly Entry[] =>
  entries.flatMap((one): Entry[] => {
    if (one.kind === "unlogged") return [{ line: one.line, words: undefined }];
    if (specOf(one.words)?.name === "wait") return [];
    return [{ line: one.line, words: one.words }];
  });

/** Whether two entries can be the same. */
type Same = (a: Entry, b: Entry) => boolean;

/**
 * What a unit does not log is a PASID-cache descriptor; a PASID-based IOTLB one as well where its
 * trace has none of them.
 */
function sameIn(all: readonly Entry[]): Same {
  const logged = new Set(all.map(({ words }) => (words === undefined ? 0 : descriptorType(words))));
  const { pasidCache, pasidIotlb } = descriptorTypes;
  const unlogged = new Set<number>([pasidCache, ...(logged.has(pasidIotlb) ? [] : [pasidIotlb])]);
  return (a, b) => {
    if (a.words === b.words) return true;
    if (a.words !== undefined && b.words !== undefined) return false;
    const known = a.words ?? b.words;
    return known !== undefined && unlogged.has(descriptorType(known));
  };
}

const textOf = ({ words }: Entry): string =>
  words === undefined ? "a descriptor that is not logged" : descriptorText(words);

/** One step of the shortest way from one sequence to the other. */
interface Step {
  readonly only: 1 | 2;
  readonly a: number;
  readonly b: number;
}

/**
 * The fewest entries to leave out of two sequences so that they are the same (the algorithm of
 * Myers); `undefined` when they are more than the limit.
 */
function shortestWay(
  a: readonly Entry[],
  b: readonly Entry[],
  sameAs: Same,
): readonly Step[] | undefined {
  const reached: Int32Array[] = [];
  const middle = limit + 1;
  const furthest = new Int32Array(2 * middle + 1);
  const follow = (start: number, diagonal: number): number => {
    let x = start;
    for (; x < a.length && x - diagonal < b.length; x++) {
      const [left, right] = [a[x], b[x - diagonal]];
      if (left === undefined || right === undefined || !sameAs(left, right)) break;
    }
    return x;
  };
  const isDown = (from: Int32Array, diagonal: number, steps: number): boolean =>
    diagonal === -steps ||
    (diagonal !== steps && (from[middle + diagonal - 1] ?? 0) < (from[middle + diagonal + 1] ?? 0));
  for (let steps = 0; steps <= limit; steps++) {
    reached.push(furthest.slice());
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      const down = isDown(furthest, diagonal, steps);
      const beside = furthest[middle + diagonal + (down ? 1 : -1)] ?? 0;
      const x = follow(steps === 0 ? 0 : down ? beside : beside + 1, diagonal);
      furthest[middle + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) return wayBack(reached, a.length, b.length);
    }
  }
  return undefined;

  function wayBack(from: readonly Int32Array[], endA: number, endB: number): readonly Step[] {
    const way: Step[] = [];
    let diagonal = endA - endB;
    for (let steps = from.length - 1; steps > 0; steps--) {
      const before = from[steps] ?? new Int32Array();
      const down = isDown(before, diagonal, steps);
      diagonal += down ? 1 : -1;
      const x = before[middle + diagonal] ?? 0;
      way.push({ only: down ? 2 : 1, a: x, b: x - diagonal });
    }
    return way.reverse();
  }
}

function differenceOf(step: Step, a: readonly Entry[], b: readonly Entry[]): Difference {
  const [mine, at] = step.only === 1 ? [a, step.a] : [b, step.b];
  const [others, there] = step.only === 1 ? [b, step.b] : [a, step.a];
  const entry = mine[at] ?? { line: 0, words: undefined };
  return {
    only: step.only,
    line: entry.line,
    place: at + 1,
    text: textOf(entry),
    before: others[there]?.line,
    outside: there === 0 || there >= others.length,
  };
}

/** The lines of what is common to both, up to a number of entries of the first. */
function pairsOf(a: readonly Entry[], b: readonly Entry[], way: readonly Step[], end: number) {
  const own = new Set(way.flatMap((step) => (step.only === 1 ? [step.a] : [])));
  const others = new Set(way.flatMap((step) => (step.only === 2 ? [step.b] : [])));
  const pairs: [number, number][] = [];
  let at = 0;
  for (const [index, { line }] of a.slice(0, end).entries()) {
    if (own.has(index)) continue;
    while (others.has(at)) at += 1;
    pairs.push([line, b[at]?.line ?? 0]);
    at += 1;
  }
  return pairs;
}

/** Compares the invalidations of two traces of one boot, waits left out, one by one in order. */
export function compareSequences(first: Sequence, second: Sequence): Comparison {
  const [a, b] = [entriesOf(first), entriesOf(second)];
  // The trace with the holes says what they may be.
  const holed = a.some(({ words }) => words === undefined) ? a : b;
  const sameAs = sameIn(holed);
  const way = shortestWay(a, b, sameAs);
  const counts: readonly [number, number] = [a.length, b.length];
  if (way === undefined) {
    const at = a.findIndex((entry, index) => {
      const other = b[index];
      return other === undefined || !sameAs(entry, other);
    });
    const step: Step = { only: 1, a: Math.max(at, 0), b: Math.max(at, 0) };
    const differences = [differenceOf(step, a, b)];
    const pairs = pairsOf(a, b, [], step.a);
    return { counts, common: pairs.length, pairs, differences, given: "upToLimit" };
  }
  const differences = way.map((step) => differenceOf(step, a, b));
  const pairs = pairsOf(a, b, way, a.length);
  return { counts, common: pairs.length, pairs, differences, given: "whole" };
}

/** Counts of a trace's invalidations by kind, waits left out. */
export function countsByKind(sequence: Sequence): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { words } of entriesOf(sequence)) {
    const kind = words === undefined ? "not logged" : kindOf(words);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([x], [y]) => (x < y ? -1 : 1)));
}
