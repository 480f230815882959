import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import { encodeFact, encodeInput } from "../../events/log/log.ts";
import { numberAt } from "../columns/number-column.ts";
import type { Step } from "../step.ts";
import { atOnce } from "../timeline/bit-by-bit.ts";
import type { Finding } from "../timeline/finding.ts";
import { stepAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";
import type { Pair } from "./alignment.ts";
import { pairsOfBranch, pairsOfRuns } from "./alignment.ts";
import type { Branch } from "./branch.ts";
import type { DmaOutcome } from "./dma-outcome.ts";
import { outcomeOf, sameOutcome } from "./dma-outcome.ts";

/** Where two runs differ: what the one did or came to, and the other; either may be missing. */
export interface Difference {
  readonly left: Step | undefined;
  readonly right: Step | undefined;
  /** An input that only one has, one that is another, or one of which other facts followed. */
  readonly kind: "input" | "facts";
}

/** A DMA that came to something else. */
export interface DmaDifference {
  readonly left: DmaOutcome | undefined;
  readonly right: DmaOutcome | undefined;
}

/** Two runs side by side. */
export interface Comparison {
  readonly first: Difference | undefined;
  /** The inputs that differ, or of which other facts followed; the first ones of them. */
  readonly differences: readonly Difference[];
  readonly differing: number;
  /** DMA that came to something else, the first ones; and how many came to the same. */
  readonly dma: readonly DmaDifference[];
  readonly dmaDiffering: number;
  readonly dmaSame: number;
  /** What is wrong in one of them alone. */
  readonly appeared: readonly Finding[];
  readonly vanished: readonly Finding[];
}

const sameInput = (a: Input, b: Input): boolean =>
  a === b || (a.type === b.type && encodeInput(0, a) === encodeInput(0, b));

const sameFacts = (a: readonly Fact[], b: readonly Fact[]): boolean =>
  a.length === b.length &&
  a.every((fact, index) => {
    const other = b[index];
    return (
      other !== undefined && fact.type === other.type && encodeText(fact) === encodeText(other)
    );
  });

const encodeText = (fact: Fact): string => encodeFact(0, 0, fact);

function differenceOf(left: Step | undefined, right: Step | undefined): Difference | undefined {
  if (left === undefined || right === undefined) return { left, right, kind: "input" };
  if (!sameInput(left.input, right.input)) return { left, right, kind: "input" };
  return sameFacts(left.facts, right.facts) ? undefined : { left, right, kind: "facts" };
}

/** Findings by the place of the input and what they say. */
function foundAt(timeline: Timeline): ReadonlyMap<string, Finding> {
  return new Map(
    timeline.findings.all.map((finding) => {
      const place = inputPlace(timeline, finding.seq);
      const within = finding.seq - numberAt(timeline.numbers, Math.max(0, place));
      return [`${place.toString()} ${within.toString()} ${finding.law} ${finding.text}`, finding];
    }),
  );
}

/** The partner of an input in the other run. */
type PartnerOf = (place: number) => number | undefined;

/** The findings of one run that the other has not at its partner. */
function foundAlone(timeline: Timeline, other: Timeline, partnerOf: PartnerOf): readonly Finding[] {
  const known = foundAt(other);
  return [...foundAt(timeline)].flatMap(([key, finding]) => {
    const [place = "", ...rest] = key.split(" ");
    const partner = partnerOf(Number(place));
    const isKnown = partner !== undefined && known.has([partner.toString(), ...rest].join(" "));
    return isKnown ? [] : [finding];
  });
}

/** How many differences of each kind are kept; the others are counted. */
const kept = 1000;

/** What was met so far. */
interface Tally {
  readonly differences: Difference[];
  readonly dma: DmaDifference[];
  differing: number;
  dmaDiffering: number;
  dmaSame: number;
}

function count(tally: Tally, left: Step | undefined, right: Step | undefined): void {
  const difference = differenceOf(left, right);
  if (difference !== undefined) {
    tally.differing += 1;
    if (tally.differences.length < kept) tally.differences.push(difference);
  }
  const outcomes = { left: left && outcomeOf(left), right: right && outcomeOf(right) };
  if (outcomes.left === undefined && outcomes.right === undefined) return;
  if (sameOutcome(outcomes.left, outcomes.right)) {
    tally.dmaSame += 1;
    return;
  }
  tally.dmaDiffering += 1;
  if (tally.dma.length < kept) tally.dma.push(outcomes);
}

/** How far a comparison is: pairs looked at. */
export interface Comparing {
  readonly pairs: number;
}

const pairsAtOnce = 1024;

/**
 * Compares two runs whose inputs are paired: each pair's inputs and facts, what DMA came to, what
 * is wrong. Each run is folded once.
 *
 * @param shared  how many inputs both begin with that are the same: they are passed over.
 */
export function* compareRuns(
  left: Timeline,
  right: Timeline,
  pairs: Iterable<Pair>,
  shared = 0,
): Generator<Comparing, Comparison, void> {
  const tally: Tally = { differences: [], dma: [], differing: 0, dmaDiffering: 0, dmaSame: 0 };
  const [toRight, toLeft] = [new Map<number, number>(), new Map<number, number>()];
  let looked = 0;
  for (const pair of pairs) {
    const one = pair.left === undefined ? undefined : stepAt(left, pair.left);
    const other = pair.right === undefined ? undefined : stepAt(right, pair.right);
    if (pair.left !== undefined && pair.right !== undefined) {
      toRight.set(pair.left, pair.right);
      toLeft.set(pair.right, pair.left);
    }
    count(tally, one, other);
    looked += 1;
    if (looked % pairsAtOnce === 0) yield { pairs: looked };
  }
  const through =
    (partners: ReadonlyMap<number, number>): PartnerOf =>
    (place) =>
      place < shared ? place : partners.get(place);
  return {
    first: tally.differences[0],
    ...tally,
    appeared: foundAlone(right, left, through(toLeft)),
    vanished: foundAlone(left, right, through(toRight)),
  };
}

/** A log and a branch of it, side by side. */
export const compareBranch = (branch: Branch): Comparison =>
  atOnce(compareRuns(branch.base, branch.timeline, pairsOfBranch(branch), branch.first));

/** Any two runs side by side, aligned by what they did. */
export const compareTwo = (left: Timeline, right: Timeline): Comparison =>
  atOnce(compareRuns(left, right, pairsOfRuns(left, right)));
