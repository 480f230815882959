import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileError, InputError, named } from "./input-error.ts";

/**
 * Whether files whose names begin so could be written, before there is anything to write.
 *
 * @throws InputError when they could not.
 */
export function checkOutput(prefix: string): void {
  if (prefix === "" || prefix.endsWith("/")) {
    throw new InputError(`--out ${named(prefix)}: expected what file names begin with`);
  }
  try {
    accessSync(dirname(prefix), constants.W_OK);
  } catch (error) {
    throw fileError(dirname(prefix), error);
  }
}

/** The beginning itself, or with a number behind it, so that no file with an ending is there. */
export function freePrefix(prefix: string, endings: readonly string[]): string {
  for (let number = 1; ; number++) {
    const tried = number === 1 ? prefix : `${prefix}-${number.toString()}`;
    if (!endings.some((ending) => existsSync(`${tried}.${ending}`))) return tried;
  }
}
