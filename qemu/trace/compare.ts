import { descriptorType, descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { descriptorText, kindOf, specOf } from "./reach.ts";
import type { Sequence } from "./sequence.ts";
import type { Move } from "./shortest-way.ts";
import { shortestWay } from "./shortest-way.ts";

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
  /** Its first line where it is one of several identical ones in a row, and how many there are. */
  readonly among?: { readonly line: number; readonly count: number };
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

/** The stretch of identical entries that one lies in, from the first up to behind the last. */
function stretchOf(all: readonly Entry[], at: number, sameAs: Same): readonly [number, number] {
  const own = all[at];
  let [first, end] = [at, at + 1];
  if (own === undefined) return [first, end];
  for (let before = all[first - 1]; before !== undefined && sameAs(before, own); ) {
    first -= 1;
    before = all[first - 1];
  }
  for (let next = all[end]; next !== undefined && sameAs(next, own); next = all[end]) end += 1;
  return [first, end];
}

function differenceOf(
  step: Move,
  a: readonly Entry[],
  b: readonly Entry[],
  sameAs: Same,
): Difference {
  const [mine, at] = step.only === 1 ? [a, step.a] : [b, step.b];
  const [first, stop] = stretchOf(mine, at, sameAs);
  const among = { line: mine[first]?.line ?? 0, count: stop - first };
  const [others, there] = step.only === 1 ? [b, step.b] : [a, step.a];
  const entry = mine[at] ?? { line: 0, words: undefined };
  return {
    only: step.only,
    line: entry.line,
    place: at + 1,
    text: textOf(entry),
    before: others[there]?.line,
    ...(among.count > 1 ? { among } : {}),
    outside: there === 0 || there >= others.length,
  };
}

/**
 * The lines of what is common to both, up to a number of entries of the first. Where one of several
 * identical ones is missing nobody knows which of them the others are: those lines are left out.
 */
function pairsOf(
  a: readonly Entry[],
  b: readonly Entry[],
  way: readonly Move[],
  sameAs: Same,
  end = a.length,
) {
  const own = new Set(way.flatMap((step) => (step.only === 1 ? [step.a] : [])));
  const others = new Set(way.flatMap((step) => (step.only === 2 ? [step.b] : [])));
  const vague = [new Set<number>(), new Set<number>()] as const;
  for (const { only, a: inA, b: inB } of way) {
    const [first, stop] = only === 1 ? stretchOf(a, inA, sameAs) : stretchOf(b, inB, sameAs);
    for (let each = first; each < stop; each++) vague[only - 1]?.add(each);
  }
  const pairs: [number, number][] = [];
  let [at, common] = [0, 0];
  for (const [index, { line }] of a.slice(0, end).entries()) {
    if (own.has(index)) continue;
    while (others.has(at)) at += 1;
    if (!vague[0].has(index) && !vague[1].has(at)) pairs.push([line, b[at]?.line ?? 0]);
    common += 1;
    at += 1;
  }
  return { pairs, common };
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
    const step: Move = { only: 1, a: Math.max(at, 0), b: Math.max(at, 0) };
    const differences = [differenceOf(step, a, b, sameAs)];
    return { counts, ...pairsOf(a, b, [], sameAs, step.a), differences, given: "upToLimit" };
  }
  const differences = way.map((step) => differenceOf(step, a, b, sameAs));
  return { counts, ...pairsOf(a, b, way, sameAs), differences, given: "whole" };
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
