import type { RawObject } from "./log-error.ts";
import { LogError } from "./log-error.ts";

/** The format that this program writes. */
export const formatVersion = 1;

/** The model that writes it, for the reader's information alone. */
export const modelVersion = "0.1.0";

/** Turns one line's object of a format into the same of the next one; the header's object too. */
export type Upcast = (raw: RawObject) => RawObject;

/**
 * Every format that can be read. The newest is what the event tables describe, so its function
 * changes nothing; an older one adds what the next format has and it has not.
 */
export const upcasts: ReadonlyMap<number, Upcast> = new Map([[formatVersion, (raw) => raw]]);

/**
 * Checks that a format can be read.
 *
 * @throws LogError when it is newer than this program or was never defined.
 */
export function checkVersion(version: unknown, lineNumber: number): number {
  if (typeof version !== "number" || !Number.isInteger(version)) {
    throw new LogError(lineNumber, `format version is no whole number`);
  }
  if (version > formatVersion) {
    const here = formatVersion.toString();
    throw new LogError(lineNumber, `written by format ${version.toString()}; this is ${here}`);
  }
  if (!upcasts.has(version)) {
    throw new LogError(lineNumber, `unknown format ${version.toString()}`);
  }
  return version;
}

/** The object of a line as the newest format has it. */
export function upcast(raw: RawObject, version: number): RawObject {
  if (version === formatVersion) return raw;
  let current = raw;
  for (let from = version; from < formatVersion; from++) {
    current = upcasts.get(from)?.(current) ?? current;
  }
  return current;
}
