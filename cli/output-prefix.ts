import { accessSync, constants } from "node:fs";
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
