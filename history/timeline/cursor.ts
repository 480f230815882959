import { numberAt } from "../columns/number-column.ts";
import type { Question } from "../expression/expression.ts";
import { nextWhere } from "../expression/expression.ts";
import type { Timeline } from "./timeline.ts";
import { inputPlace, lastEvent } from "./timeline.ts";

/** How far a step goes: over one event, or over an input with all that follows from it. */
export type Stride = "event" | "input";

/** Number of the last event of an input's step. */
function stepEnd(timeline: Timeline, place: number): number {
  const { numbers } = timeline;
  return place + 1 < numbers.length ? numberAt(numbers, place + 1) - 1 : lastEvent(timeline);
}

/** The event after which one is once one has stepped forwards; at the end one stays. */
export function stepForward(timeline: Timeline, at: number, stride: Stride = "event"): number {
  const end = lastEvent(timeline);
  if (at >= end) return end;
  if (stride === "event") return at + 1;
  return stepEnd(timeline, inputPlace(timeline, at + 1));
}

/** The event after which one is once one has stepped back; at the start, 0, one stays. */
export function stepBack(timeline: Timeline, at: number, stride: Stride = "event"): number {
  if (at <= 0) return 0;
  if (stride === "event") return at - 1;
  return numberAt(timeline.numbers, inputPlace(timeline, at)) - 1;
}

/** The next event after `at` for which an expression is so; `undefined` where there is none. */
export function continueForward(question: Question, at: number): number | undefined {
  const last = lastEvent(question.timeline);
  return at >= last ? undefined : nextWhere(question, { from: at + 1, to: last });
}

/** The last event before `at` for which an expression is so; `undefined` where there is none. */
export const continueBack = (question: Question, at: number): number | undefined =>
  at <= 1 ? undefined : nextWhere(question, { from: at - 1, to: 1 });
