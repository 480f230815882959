import type { Event } from "../../projections/evolve.ts";
import type { World } from "../../projections/world.ts";
import { numberAt } from "../columns/number-column.ts";
import type { Step } from "../step.ts";
import { stepOf, worldWithin } from "../step.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { lastPlace } from "./checkpoints.ts";
import { inputAt } from "./input-store.ts";
import type { Timeline } from "./timeline.ts";
import { inputPlace } from "./timeline.ts";

const keptParts = 4;

/**
 * The steps from one checkpoint to the next, folded again unless they were just now: stepping back
 * among them costs nothing.
 */
function stepsFrom(timeline: Timeline, place: number): readonly Step[] {
  const { folded, checkpoints, inputs } = timeline;
  const known = folded.get(place);
  if (known !== undefined) return known;
  const { inputs: first, world } = checkpoints.kept[place] as Checkpoint;
  const end = checkpoints.kept[place + 1]?.inputs ?? inputs.count;
  const steps: Step[] = [];
  let before = world;
  for (let at = first; at < end; at++) {
    const input = inputAt(inputs, at);
    if (input === undefined) break;
    const step = stepOf(before, input);
    steps.push(step);
    before = step.after;
  }
  timeline.refolded += steps.length;
  folded.set(place, steps);
  const [oldest] = folded.keys();
  if (folded.size > keptParts && oldest !== undefined) folded.delete(oldest);
  return steps;
}

/** The step of an input by its place, from 0; `undefined` where there is none. */
export function stepAt(timeline: Timeline, place: number): Step | undefined {
  if (place < 0 || place >= timeline.inputs.count) return undefined;
  const kept = timeline.steps?.[place];
  if (kept !== undefined) return kept;
  const part = lastPlace(timeline.checkpoints, place, ({ inputs }) => inputs);
  const first = (timeline.checkpoints.kept[part] as Checkpoint).inputs;
  return stepsFrom(timeline, part)[place - first];
}

/** The step that an event belongs to; `undefined` before the first event and after the last. */
export const stepOfEvent = (timeline: Timeline, seq: number): Step | undefined =>
  seq < 1 || seq > timeline.end.seq ? undefined : stepAt(timeline, inputPlace(timeline, seq));

/**
 * The world after an event; 0 is the start.
 *
 * @returns `undefined` when there is no such event, or not yet.
 */
export function worldAt(timeline: Timeline, seq: number): World | undefined {
  const [start] = timeline.checkpoints.kept;
  if (seq === start?.world.seq) return start.world;
  if (seq === timeline.end.seq) return timeline.end;
  const step = stepOfEvent(timeline, seq);
  return step && (step.after.seq === seq ? step.after : worldWithin(step, seq));
}

/** An input or a fact with its number and that of the input behind it, which may be itself. */
export interface NumberedEvent {
  readonly seq: number;
  readonly cause: number;
  readonly event: Event;
}

/** An event by its number; an input is read without folding anything. */
export function eventAt(timeline: Timeline, seq: number): NumberedEvent | undefined {
  if (seq < 1 || seq > timeline.end.seq) return undefined;
  const place = inputPlace(timeline, seq);
  const cause = numberAt(timeline.numbers, place);
  const event =
    cause === seq
      ? inputAt(timeline.inputs, place)
      : stepAt(timeline, place)?.facts[seq - cause - 1];
  return event && { seq, cause, event };
}
