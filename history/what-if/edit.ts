import { checkInput } from "../../events/event-check.ts";
import type { Input } from "../../events/input.ts";
import { shortened } from "../../events/log/excerpt.ts";
import { parseEvent } from "../../events/log/log.ts";
import { LogError } from "../../events/log/log-error.ts";
import { MalformedError } from "../../events/malformed-error.ts";
import { numberAt } from "../columns/number-column.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { inputPlace } from "../timeline/timeline.ts";

/**
 * One thing that is done differently. Inputs are named by the numbers that their events have in the
 * log, so that several edits do not shift each other; `before` may be the number after the last
 * event, which is the end.
 */
export type Edit =
  | { readonly kind: "remove"; readonly at: number }
  | { readonly kind: "insert"; readonly before: number; readonly input: Input }
  | { readonly kind: "change"; readonly at: number; readonly input: Input }
  | { readonly kind: "move"; readonly at: number; readonly before: number };

/** An edit that cannot be: why, in one line. */
export class EditError extends Error {
  override readonly name = "EditError";
}

const aFact = "that is a fact; facts follow from inputs and cannot be put in";

/** The input of a line of a log, whose number may be left out. @throws EditError */
export function inputOfLine(text: string): Input {
  const line = text.trim();
  if (/^\{\s*("\w+"\s*:\s*\d+\s*,\s*)*"fact"\s*:/.test(line)) throw new EditError(aFact);
  const bare = line.replace(/^\{/, '{"seq":1,').replace(/,\s*\}$/, "}");
  try {
    const event = parseEvent(/"seq"\s*:/.test(line) ? line : bare, 1);
    if ("input" in event) return event.input;
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    const { reason } = error;
    throw new EditError(reason.includes(":") ? reason : `${shortened(line)}: ${reason}`);
  }
  throw new EditError(aFact);
}

function placeOfInput(timeline: Timeline, seq: number): number {
  const place = inputPlace(timeline, seq);
  if (place < 0 || seq > timeline.end.seq) {
    throw new EditError(`there is no event ${seq.toString()}`);
  }
  const own = numberAt(timeline.numbers, place);
  if (own === seq) return place;
  throw new EditError(`event ${seq.toString()} is a fact; it follows from input ${own.toString()}`);
}

const placeBefore = (timeline: Timeline, seq: number): number =>
  seq === timeline.end.seq + 1 ? timeline.inputs.count : placeOfInput(timeline, seq);

function checkedInput(value: unknown): Input {
  try {
    return checkInput(value);
  } catch (error) {
    if (error instanceof MalformedError) throw new EditError(error.message);
    throw error;
  }
}

/** An input of a run that is done differently, and its place in the log if it is from there. */
export interface Planned {
  /** `undefined` for one that the log does not have there. */
  readonly from: number | undefined;
  /** `undefined` for one that is as it is in the log. */
  readonly input: Input | undefined;
}

/** An edit whose inputs and places are checked. */
interface Placed {
  readonly at: number | undefined;
  readonly before: number | undefined;
  readonly input: Input | undefined;
}

function placed(timeline: Timeline, edit: Edit): Placed {
  const at = "at" in edit ? placeOfInput(timeline, edit.at) : undefined;
  const before = "before" in edit ? placeBefore(timeline, edit.before) : undefined;
  return { at, before, input: "input" in edit ? checkedInput(edit.input) : undefined };
}

/** What is done differently from the first place on where anything is. */
export interface Plan {
  /** Inputs before it are as in the log. */
  readonly first: number;
  /** By place in the log: what comes before the input there, and what becomes of it. */
  readonly inserted: ReadonlyMap<number, readonly Planned[]>;
  /** `null` for one that is gone. */
  readonly changed: ReadonlyMap<number, Input | null>;
}

/**
 * What some edits come to.
 *
 * @throws EditError when one of them cannot be, or two are about the same input.
 */
export function planOf(timeline: Timeline, edits: readonly Edit[]): Plan {
  const inserted = new Map<number, Planned[]>();
  const changed = new Map<number, Input | null>();
  let first = timeline.inputs.count;
  const insert = (before: number, one: Planned): void => {
    inserted.set(before, [...(inserted.get(before) ?? []), one]);
    first = Math.min(first, before);
  };
  for (const edit of edits) {
    const { at, before, input } = placed(timeline, edit);
    if (at !== undefined) {
      if (changed.has(at)) throw new EditError("two edits of one input");
      changed.set(at, edit.kind === "change" ? (input ?? null) : null);
      first = Math.min(first, at);
    }
    if (before !== undefined) insert(before, { from: at, input });
  }
  return { first, inserted, changed };
}

/** The inputs of a plan from its first place on. */
export function* plannedInputs(
  { first, inserted, changed }: Plan,
  count: number,
): Generator<Planned, void, void> {
  for (let place = first; place <= count; place++) {
    yield* inserted.get(place) ?? [];
    if (place === count) return;
    const change = changed.get(place);
    if (change === null) continue;
    yield { from: place, input: change };
  }
}
