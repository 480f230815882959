import type { Header, LogEvent } from "./log.ts";
import { parseEvent, parseHeader } from "./log.ts";
import { isEnd } from "./log-end.ts";
import { LogError } from "./log-error.ts";

/** A log whose first line has been read. */
export interface Log {
  readonly header: Header;
  /**
   * Every other line, in order, read as it is asked for. Can be gone through once.
   *
   * @throws LogError at the first line that cannot be read, after everything before it.
   */
  readonly events: Generator<LogEvent, void, void>;
}

function* eventsOf(lines: Iterator<string>, version: number): Generator<LogEvent, void, void> {
  let after = 0;
  let lineNumber = 2;
  let hasEnded = false;
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    if (hasEnded) throw new LogError(lineNumber, "a line after the log's end");
    hasEnded = isEnd(next.value, lineNumber, after);
    if (hasEnded) {
      lineNumber += 1;
      continue;
    }
    const event = parseEvent(next.value, lineNumber, after, version);
    after = event.seq;
    lineNumber += 1;
    yield event;
  }
}

/** The lines of a text, with or without an end of the last one. */
function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/**
 * Reads a log, lazily.
 *
 * @param text  all of it, or its lines without their ends.
 * @throws LogError when the first line is no header, or there is none.
 */
export function readLog(text: string | Iterable<string>): Log {
  const lines = typeof text === "string" ? linesOf(text) : text;
  const rest = lines[Symbol.iterator]();
  const first = rest.next();
  if (first.done === true) throw new LogError(1, "no header: there is no line");
  const header = parseHeader(first.value);
  return { header, events: eventsOf(rest, header.version) };
}
