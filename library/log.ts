import { checkFact, checkInput, checkSetup } from "../events/event-check.ts";
import { integer } from "../events/field.ts";
import type { LogEvent, LoggedFact, LoggedInput } from "../events/log/log.ts";
import { encodeEvent as encode, encodeHeader as encodeFirst } from "../events/log/log.ts";
import { encodeEnd as encodeLast } from "../events/log/log-end.ts";
import type { Log } from "../events/log/read-log.ts";
import { readLog as read } from "../events/log/read-log.ts";
import { MalformedError, nameOfValue } from "../events/malformed-error.ts";
import type { Setup } from "../events/setup.ts";
import { reading, shapeFromValue } from "../events/shape-from-value.ts";

/**
 * Reads a log, lazily.
 *
 * @param text  all of it, or its lines without their ends.
 * @throws LogError when the first line is no header, or there is none; MalformedError when it is
 *   neither a text nor lines.
 */
export function readLog(text: string | Iterable<string>): Log {
  const isLines = reading("log", () => typeof text?.[Symbol.iterator] === "function");
  if (isLines) return read(text);
  const found = nameOfValue(text);
  throw new MalformedError("log", "", `expected its text or its lines, found ${found}`);
}

/**
 * The first line of a log, without the line's end.
 *
 * @throws MalformedError when the set-up is none: it names the field.
 */
export const encodeHeader = (setup: Setup): string => encodeFirst(checkSetup(setup));

const subject = "log event";
const numbers = { seq: integer(1, Number.MAX_SAFE_INTEGER) };
const factNumbers = { ...numbers, cause: integer(1, Number.MAX_SAFE_INTEGER) };

/**
 * The line of an input or a fact, without the line's end.
 *
 * @throws MalformedError when the event is none, or its number or its cause cannot be: it names the
 *   field.
 */
export const encodeEvent = (event: LogEvent): string =>
  reading(subject, () => {
    const { seq, cause, input, fact } = event as Partial<LoggedInput & LoggedFact>;
    if (input !== undefined && fact !== undefined) {
      throw new MalformedError(subject, "", "both an input and a fact");
    }
    if (fact === undefined) {
      return encode({ ...shapeFromValue(subject, numbers, { seq }), input: checkInput(input) });
    }
    const checked = shapeFromValue(subject, factNumbers, { seq, cause });
    if (checked.cause < checked.seq) return encode({ ...checked, fact: checkFact(fact) });
    throw new MalformedError(subject, "cause", `${checked.cause.toString()} is not before it`);
  });

const lastNumber = { last: integer(0, Number.MAX_SAFE_INTEGER) };

/**
 * The last line of a log that is whole, without the line's end.
 *
 * @param last  the number of its last event, 0 if it has none.
 * @throws MalformedError when that is no whole number from 0.
 */
export const encodeEnd = (last: number): string =>
  reading("log end", () => encodeLast(shapeFromValue("log end", lastNumber, { last }).last));
