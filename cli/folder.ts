import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileError, InputError, named } from "./input-error.ts";

/** Whether there is a folder. @throws InputError when something else is there, or cannot be. */
function isFolder(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) return found !== undefined;
  } catch (error) {
    throw fileError(path, error);
  }
  throw new InputError(`${named(path)}: is a file, not a folder`);
}

/**
 * Makes a folder, and those that it is to lie in, if they are not there. One after the other:
 * Node's own way to make several does not come to an end where the system lets nobody make any, as
 * in /proc.
 *
 * @throws InputError when one of them cannot be made.
 */
export function makeFolder(path: string): void {
  if (path === "") throw new InputError("'': expected the name of a folder");
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!isFolder(path)) throw fileError(path, error);
  }
}
