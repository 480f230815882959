import type { Gpa } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import { eventNames } from "../columns/event-column.ts";
import type { Span } from "../columns/scan.ts";
import type { Question } from "../expression/expression.ts";
import { nextWhere, parseExpression, questionOf } from "../expression/expression.ts";
import { lifeChanges } from "../lifeline/life-changes.ts";
import { changesIn } from "../lifeline/lifeline.ts";
import type { Handle } from "../query/handle.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { lastEvent } from "../timeline/timeline.ts";
import { nextRegisterChange, registerIn } from "./register-change.ts";

/** What continuing stops at. */
export type Watch =
  /** An event of a name. */
  | { readonly on: "event"; readonly event: string }
  /** An event by its number. */
  | { readonly on: "moment"; readonly seq: number }
  /** An event of which an expression is so. */
  | { readonly on: "where"; readonly where: string }
  /** A register gets another value. */
  | { readonly on: "register"; readonly guest: number; readonly register: string }
  /** Somebody writes bytes of guest memory. */
  | {
      readonly on: "memory";
      readonly guest: number;
      readonly gpa: Gpa;
      /** In bytes, at least 1. */
      readonly length: number;
    }
  /** The translation of a page becomes another. */
  | { readonly on: "page"; readonly page: Extract<Handle, { kind: "page" }> };

/** What continuing stops at, if a condition about that event is so. */
export interface Stop {
  readonly watch: Watch;
  /** An expression about the event; none when missing. */
  readonly condition?: string;
}

/** A stop that cannot be: why, in one line. */
export class StopError extends Error {}

/** A stop that is asked of one timeline. */
export interface ReadyStop {
  readonly stop: Stop;
  /** The next event of a span, backwards if its end is before its beginning. */
  readonly next: (span: Span) => number | undefined;
}

const asked = (timeline: Timeline, where: string): Question =>
  questionOf(timeline, parseExpression(where), changesIn(timeline));

/** What says the same as a watch in the language of expressions, where something does. */
function expressionOf(watch: Watch): string | undefined {
  switch (watch.on) {
    case "event":
      return `event == ${JSON.stringify(watch.event)}`;
    case "moment":
      return `seq == ${watch.seq.toString()}`;
    case "where":
      return watch.where;
    case "memory": {
      const { guest, gpa, length } = watch;
      const other = guest === 0 ? "guest == null || guest == 0" : `guest == ${guest.toString()}`;
      return `writes(${gpa.toString()}, ${length.toString()}) && (${other})`;
    }
    default:
      return undefined;
  }
}

/** The nearest of some events, rising, within a span. */
function nearest(events: readonly number[], { from, to }: Span): number | undefined {
  return from <= to
    ? events.find((seq) => seq >= from && seq <= to)
    : events.findLast((seq) => seq <= from && seq >= to);
}

function checkWatch({ checkpoints, end }: Timeline, watch: Watch): void {
  if (watch.on === "event" && !eventNames.includes(watch.event)) {
    throw new StopError(`there is no event ${watch.event}`);
  }
  if (watch.on === "memory" && watch.length < 1) throw new StopError("a length of 0 bytes");
  if (watch.on !== "register") return;
  const { guest, register } = watch;
  if (end.guests[guest] === undefined) throw new StopError(`there is no guest ${guest.toString()}`);
  // A unit that the toolstack creates later may have others than the first one.
  const worlds = [checkpoints.kept[0]?.world, end];
  if (worlds.some((world) => world && registerIn(world, guest, register) !== undefined)) return;
  throw new StopError(`there is no register ${register}`);
}

/** The search of a watch that no expression says. */
function searchOf(timeline: Timeline, watch: Watch): ReadyStop["next"] {
  if (watch.on === "register") {
    return (span) => nextRegisterChange(timeline, watch.guest, watch.register, span);
  }
  if (watch.on !== "page") return () => undefined;
  const { guest, device, pasid, iova } = watch.page;
  const place = { guest, device, pasid, page: pageOf(iova) };
  let known: { readonly end: number; readonly events: readonly number[] } | undefined;
  return (span) => {
    const end = lastEvent(timeline);
    // The first of them is the start.
    if (known?.end !== end) {
      const events = [...lifeChanges(timeline, place)].map(({ seq }) => seq);
      known = { end, events: events.filter((seq) => seq > 0) };
    }
    return nearest(known.events, span);
  };
}

/** The next event that a search finds and of which a condition is so. */
function nextIf(
  next: ReadyStop["next"],
  condition: Question,
  { from, to }: Span,
): number | undefined {
  const step = from <= to ? 1 : -1;
  for (let at = from; step > 0 ? at <= to : at >= to; ) {
    const found = next({ from: at, to });
    if (found === undefined || condition.isTrueAt(found)) return found;
    at = found + step;
  }
  return undefined;
}

/**
 * Makes a stop ready for a timeline.
 *
 * @throws StopError when there is no such event or register; ExpressionError when its expression or
 *   its condition cannot be used.
 */
export function readyStop(timeline: Timeline, stop: Stop): ReadyStop {
  const { watch, condition } = stop;
  checkWatch(timeline, watch);
  // A condition is read by itself first: positions in its error are its own.
  const isSo = condition === undefined ? undefined : asked(timeline, condition);
  const text = expressionOf(watch);
  if (text === undefined) {
    const next = searchOf(timeline, watch);
    return { stop, next: isSo === undefined ? next : (span) => nextIf(next, isSo, span) };
  }
  const alone = asked(timeline, text);
  const question = condition === undefined ? alone : asked(timeline, `(${text}) && (${condition})`);
  return { stop, next: (span) => nextWhere(question, span) };
}

/** Where continuing came to. */
export interface Stopped {
  readonly seq: number;
  readonly by: readonly ReadyStop[];
}

/**
 * Continues from an event to the next one that any stop is about.
 *
 * @param at  the event after which one is; it is not found again.
 * @returns `undefined` when there is none until the end, or backwards until the start.
 */
export function continueTo(
  timeline: Timeline,
  stops: readonly ReadyStop[],
  at: number,
  direction: "forward" | "back",
): Stopped | undefined {
  const isForward = direction === "forward";
  const from = isForward ? at + 1 : at - 1;
  let to = isForward ? lastEvent(timeline) : 1;
  let found: Stopped | undefined;
  for (const one of stops) {
    if (isForward ? from > to : from < to) break;
    const seq = one.next({ from, to });
    if (seq === undefined) continue;
    found = seq === found?.seq ? { seq, by: [...found.by, one] } : { seq, by: [one] };
    to = seq;
  }
  return found;
}
