import { rowOf } from "../columns/columns.ts";
import type { Span } from "../columns/scan.ts";
import { scan } from "../columns/scan.ts";
import type { NumberedEvent } from "../timeline/seek.ts";
import { eventAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { Checked } from "./environment.ts";
import { checkExpression, namesIn } from "./environment.ts";
import type { ChangesAt, Surroundings } from "./event-view.ts";
import { surroundingsOf, viewOfEvent } from "./event-view.ts";
import type { ColumnTest } from "./row-test.ts";
import { columnTestOf, verdict } from "./row-test.ts";

/** An expression about one event; docs/expressions.md has the language. */
export interface Expression {
  readonly text: string;
  readonly checked: Checked;
}

/**
 * Reads an expression.
 *
 * @throws ExpressionError with the position and the reason, when it cannot be used.
 */
export const parseExpression = (text: string): Expression => ({
  text,
  checked: checkExpression(text),
});

/** Whether an expression uses a name. */
export const usesName = ({ checked }: Expression, name: string): boolean =>
  namesIn(checked.ast).includes(name);

/** Whether an expression is so of an event that is at hand. */
export const isTrueAbout = (
  { checked }: Expression,
  surroundings: Surroundings,
  event: NumberedEvent,
): boolean => checked.program(viewOfEvent(surroundings, event)) === true;

/** An expression that is asked of the events of one timeline. */
export interface Question {
  readonly timeline: Timeline;
  /** Whether it is so of an event. */
  readonly isTrueAt: (seq: number) => boolean;
  /** Whether it is so, asked of the event itself and never of the columns. */
  readonly isTrueOf: (seq: number) => boolean;
  readonly columns: ColumnTest;
}

/** Asks an expression of a timeline's events. */
export function questionOf(
  timeline: Timeline,
  expression: Expression,
  changesAt: ChangesAt,
): Question {
  const { checked } = expression;
  const surroundings = surroundingsOf(timeline, changesAt);
  const columns = columnTestOf(timeline, checked.ast, surroundings);
  const isTrueOf = (seq: number): boolean => {
    const event = eventAt(timeline, seq);
    return event !== undefined && isTrueAbout(expression, surroundings, event);
  };
  const isTrueAt = (seq: number): boolean => {
    const row = rowOf(timeline.columns, seq);
    if (row === undefined) return false;
    const said = columns.test(row.chunk, row.at, seq);
    return said === verdict.unknown ? isTrueOf(seq) : said === verdict.yes;
  };
  return { timeline, isTrueAt, isTrueOf, columns };
}

/**
 * The next event of a span for which an expression is so.
 *
 * @param span  backwards if its end is before its beginning.
 */
export const nextWhere = (
  { timeline, isTrueOf, columns }: Question,
  span: Span,
): number | undefined =>
  scan(timeline.columns, span, {
    mayBeIn: columns.mayBeIn,
    isAt: (chunk, at, seq) => {
      const said = columns.test(chunk, at, seq);
      return said === verdict.yes || (said === verdict.unknown && isTrueOf(seq));
    },
  });

/** What a search says now and then: that it goes on, and from which event. */
export interface Looking {
  readonly at: number;
}

const eventsAtOnce = 65_536;

/**
 * Looks for the next event, some events at a time, so that it can be ended early and its progress
 * be told.
 *
 * @returns the event's number, or `undefined` where there is none.
 */
export function* lookFor(
  question: Question,
  { from, to }: Span,
  atOnce = eventsAtOnce,
): Generator<Looking, number | undefined, void> {
  const step = to < from ? -1 : 1;
  for (let at = from; step > 0 ? at <= to : at >= to; at += step * atOnce) {
    const edge = at + step * (atOnce - 1);
    const found = nextWhere(question, {
      from: at,
      to: step > 0 ? Math.min(edge, to) : Math.max(edge, to),
    });
    if (found !== undefined) return found;
    yield { at: edge };
  }
  return undefined;
}

/** All events of a span for which an expression is so, in the order of the span. */
export function* allWhere(question: Question, { from, to }: Span): Generator<number, void, void> {
  const step = to < from ? -1 : 1;
  for (let at = from; ; ) {
    const found = nextWhere(question, { from: at, to });
    if (found === undefined) return;
    yield found;
    at = found + step;
    if (found === to || at < 1) return;
  }
}
