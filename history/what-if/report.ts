import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { Step } from "../step.ts";
import type { Finding } from "../timeline/finding.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Branch } from "./branch.ts";
import type { Comparison, Difference, DmaDifference } from "./comparison.ts";
import { compareBranch, compareTwo } from "./comparison.ts";
import { isMattering } from "./matters.ts";

/** An input of one run and what followed. */
export interface RunStep {
  readonly seq: number;
  readonly input: Input;
  readonly facts: readonly Fact[];
}

/** Where two runs differ, without the worlds: data that can be sent and kept. */
export interface RunDifference {
  readonly kind: Difference["kind"];
  readonly left: RunStep | undefined;
  readonly right: RunStep | undefined;
}

/** What comparing two runs comes to. */
export interface RunReport {
  /** Inputs of each run. */
  readonly inputs: { readonly left: number; readonly right: number };
  /** The first difference that can change anything; `undefined` when none of the kept ones does. */
  readonly first: RunDifference | undefined;
  /** How many differences before that one change nothing. */
  readonly passedOver: number;
  readonly differences: readonly RunDifference[];
  readonly differing: number;
  readonly dma: readonly DmaDifference[];
  readonly dmaDiffering: number;
  readonly dmaSame: number;
  readonly appeared: readonly Finding[];
  readonly vanished: readonly Finding[];
}

const stepSaid = (step: Step | undefined): RunStep | undefined =>
  step && { seq: step.seq, input: step.input, facts: step.facts };

const said = ({ kind, left, right }: Difference): RunDifference => ({
  kind,
  left: stepSaid(left),
  right: stepSaid(right),
});

/** What a comparison of two runs comes to, the first difference that matters told apart. */
export function reportOf(left: Timeline, right: Timeline, comparison: Comparison): RunReport {
  const { differences, differing, dma, dmaDiffering, dmaSame, appeared, vanished } = comparison;
  const place = differences.findIndex((one) => isMattering(left, right, one));
  const first = differences[place];
  return {
    inputs: { left: left.inputs.count, right: right.inputs.count },
    first: first && said(first),
    passedOver: place === -1 ? differences.length : place,
    differences: differences.map(said),
    differing,
    dma,
    dmaDiffering,
    dmaSame,
    appeared,
    vanished,
  };
}

/** A log beside a branch of it. */
export const reportOfBranch = (branch: Branch): RunReport =>
  reportOf(branch.base, branch.timeline, compareBranch(branch));

/** Two runs side by side, aligned by what they did. */
export const reportOfTwo = (left: Timeline, right: Timeline): RunReport =>
  reportOf(left, right, compareTwo(left, right));
