import type { Input } from "../../events/input.ts";
import type { World } from "../../projections/world.ts";
import type { Columns } from "../columns/columns.ts";
import { addToColumns, newColumns } from "../columns/columns.ts";
import type { NumberColumn } from "../columns/number-column.ts";
import { addNumber, newNumbers, placeOf } from "../columns/number-column.ts";
import type { ChangeIndex } from "../lifeline/change-index.ts";
import { newChangeIndex, noteChanges } from "../lifeline/change-index.ts";
import { memoryDrained } from "../memory-use/memory-drained.ts";
import { memoryRead } from "../memory-use/memory-read.ts";
import type { Step } from "../step.ts";
import { stepOf } from "../step.ts";
import type { CheckpointOptions, Checkpoints } from "./checkpoints.ts";
import { addCheckpoint, newCheckpoints } from "./checkpoints.ts";
import type { Finding, Findings, Judge } from "./finding.ts";
import { newFindings, noteFindings } from "./finding.ts";
import type { InputStore } from "./input-store.ts";
import { addInput, newInputStore } from "./input-store.ts";

/** How a timeline is opened. */
export interface TimelineOptions extends CheckpointOptions {
  /** Looks at every step for what is wrong with it; nothing is found without one. */
  readonly judge?: Judge;
  /**
   * Keeps every step of a log of at most so many inputs, so that nothing of it is folded twice;
   * none of a longer one.
   */
  readonly keepSteps?: number;
}

/**
 * A log that can be gone through in both directions: everything that is needed to be at any event
 * soon, made while its inputs are folded once. It can be used at any time; what is added later
 * changes nothing of what is there.
 */
export interface Timeline {
  readonly judge: Judge | undefined;
  readonly inputs: InputStore;
  /** The number of each input's event. */
  readonly numbers: NumberColumn;
  readonly checkpoints: Checkpoints;
  readonly columns: Columns;
  readonly changes: ChangeIndex;
  readonly findings: Findings;
  /** The world after the last input so far. */
  end: World;
  /** Why the log ends before it should, where it does. */
  cut: string | undefined;
  /** Every step so far, where they are few enough to be kept. */
  steps: Step[] | undefined;
  readonly mostSteps: number;
  /** Steps between two checkpoints that were folded again, by the place of the first. */
  readonly folded: Map<number, readonly Step[]>;
  /** How many inputs were folded again to be somewhere: a count, for who wonders. */
  refolded: number;
}

/** A timeline without an input, from the world that a set-up gives. */
export const newTimeline = (start: World, options: TimelineOptions = {}): Timeline => ({
  judge: options.judge,
  inputs: newInputStore(),
  numbers: newNumbers(Uint32Array),
  checkpoints: newCheckpoints(start, options),
  columns: newColumns(),
  changes: newChangeIndex(),
  findings: newFindings(),
  end: start,
  cut: undefined,
  steps: options.keepSteps === undefined ? undefined : [],
  mostSteps: options.keepSteps ?? 0,
  folded: new Map(),
  refolded: 0,
});

/** Folds one more input at the end of a timeline. */
export function append(timeline: Timeline, input: Input): Step {
  const step = stepOf(timeline.end, input);
  appendStep(timeline, step);
  return step;
}

/** Adds a step that was folded from the timeline's end already. */
export function appendStep(timeline: Timeline, step: Step): void {
  const { input } = step;
  addInput(timeline.inputs, input);
  addNumber(timeline.numbers, step.seq);
  addToColumns(timeline.columns, input);
  for (const [index, fact] of step.facts.entries()) {
    const drained = memoryDrained(step, step.seq + 1 + index);
    addToColumns(timeline.columns, fact, memoryRead(step, fact), drained);
  }
  noteChanges(timeline.changes, step);
  if (timeline.inputs.count > timeline.mostSteps) timeline.steps = undefined;
  timeline.steps?.push(step);
  if (timeline.judge !== undefined) noteFindings(timeline.findings, timeline.judge(step));
  timeline.folded.delete(timeline.checkpoints.kept.length - 1);
  addCheckpoint(timeline.checkpoints, step, timeline.inputs.count);
  if (timeline.checkpoints.cost === 0) timeline.folded.clear();
  timeline.end = step.after;
}

/** How far an opening is: inputs folded so far. */
export interface Progress {
  readonly inputs: number;
  readonly events: number;
}

const inputsAtOnce = 4096;

/**
 * Folds inputs into a timeline, some at a time. It says after each part how far it is, and the
 * timeline can be asked about all of that; who has enough stops asking for more.
 */
export function* appendAll(
  timeline: Timeline,
  inputs: Iterable<Input>,
  atOnce = inputsAtOnce,
): Generator<Progress, void, void> {
  let waiting = 0;
  for (const input of inputs) {
    append(timeline, input);
    waiting += 1;
    if (waiting < atOnce) continue;
    waiting = 0;
    yield { inputs: timeline.inputs.count, events: timeline.end.seq };
  }
  yield { inputs: timeline.inputs.count, events: timeline.end.seq };
}

/** A timeline of inputs that are all there already. */
export function timelineOf(
  start: World,
  inputs: Iterable<Input>,
  options: TimelineOptions = {},
): Timeline {
  const timeline = newTimeline(start, options);
  for (const input of inputs) append(timeline, input);
  return timeline;
}

/** The number of the last event. */
export const lastEvent = ({ end }: Timeline): number => end.seq;

/** The place of the input that an event is or follows from; -1 at the start. */
export const inputPlace = ({ numbers }: Timeline, seq: number): number =>
  placeOf(numbers, seq + 1) - 1;

/** What was found wrong at the input that an event is or follows from. */
export const findingsAt = ({ findings }: Timeline, seq: number): readonly Finding[] =>
  findings.bySeq.get(seq) ?? [];
