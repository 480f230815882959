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

/** The part from one checkpoint to the next as far as it was folded again; no step at first. */
function partAt({ folded }: Timeline, place: number): Step[] {
  const known = folded.get(place);
  if (known !== undefined) return known;
  const steps: Step[] = [];
  folded.set(place, steps);
  const [oldest] = folded.keys();
  if (folded.size > keptParts && oldest !== undefined) folded.delete(oldest);
  return steps;
}

/**
 * The steps from a checkpoint up to an input, folded again unless they were just now: stepping
 * back among them costs nothing, and what comes after is left until somebody wants it.
 */
function stepsUpTo(timeline: Timeline, place: number, last: number): readonly Step[] {
  const { checkpoints, inputs } = timeline;
  const { inputs: first, world } = checkpoints.kept[place] as Checkpoint;
  const steps = partAt(timeline, place);
  let before = steps.at(-1)?.after ?? world;
  for (let at = first + steps.length; at <= last; at++) {
    const input = inputAt(inputs, at);
    if (input === undefined) break;
    const step = stepOf(before, input);
    steps.push(step);
    timeline.refolded += 1;
    before = step.after;
  }
  return steps;
}

const inputsBefore = ({ inputs }: Checkpoint): number => inputs;

/** The step of an input by its place, from 0; `undefined` where there is none. */
export function stepAt(timeline: Timeline, place: number): Step | undefined {
  if (place < 0 || place >= timeline.inputs.count) return undefined;
  const kept = timeline.steps?.[place];
  if (kept !== undefined) return kept;
  const part = lastPlace(timeline.checkpoints, place, inputsBefore);
  const first = (timeline.checkpoints.kept[part] as Checkpoint).inputs;
  return stepsUpTo(timeline, part, place)[place - first];
}

/** The world after an input by its place, -1 the start. Where one was kept, nothing is folded. */
export function worldAfterInput(timeline: Timeline, place: number): World | undefined {
  const { kept } = timeline.checkpoints;
  const near = kept[lastPlace(timeline.checkpoints, place + 1, inputsBefore)];
  return near?.inputs === place + 1 ? near.world : stepAt(timeline, place)?.after;
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
