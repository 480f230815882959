import { NestingError, parseJson, RepeatedKeyError } from "../json.ts";
import { quoted } from "./excerpt.ts";

/** A line of a log or of a recording that cannot be read: which one, counted from 1, and why. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string) {
    super(`line ${String(line)}: ${reason}`);
    this.line = line;
    this.reason = reason;
  }
}

/** A JSON object whose fields nobody has checked yet. */
export type RawObject = Readonly<Record<string, unknown>>;

/**
 * The JSON object that a line holds.
 *
 * @throws LogError when the line is not JSON, is nested too deep, has a key twice, or is no
 *   object.
 */
export function parseObject(line: string, lineNumber: number): RawObject {
  if (typeof line !== "string") throw new LogError(lineNumber, "no text");
  let value: unknown;
  try {
    value = parseJson(line);
  } catch (error) {
    const isJson = error instanceof NestingError || error instanceof RepeatedKeyError;
    throw new LogError(lineNumber, isJson ? error.message : `not JSON: ${quoted(line)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new LogError(lineNumber, `not a JSON object: ${quoted(line)}`);
  }
  return value as RawObject;
}
