import { LogError, parseObject } from "./log-error.ts";

/** The last line of a log that is whole: the number of its last event, 0 if it has none. */
export const encodeEnd = (last: number): string => JSON.stringify({ end: last });

/**
 * Reads the last line of a log, if it is one.
 *
 * @param after  the number of the last event before it.
 * @throws LogError when it counts otherwise.
 */
export function isEnd(line: string, lineNumber: number, after: number): boolean {
  // Whoever reads a log may hand anything for a line; what is no text is told where it is read.
  if (typeof line !== "string" || !line.startsWith('{"end"')) return false;
  const { end, ...others } = parseObject(line, lineNumber);
  if (end === after && Object.keys(others).length === 0) return true;
  const count = after.toString();
  throw new LogError(lineNumber, `the log ends with event ${count}, and its end says otherwise`);
}
