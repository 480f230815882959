import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError, InputError } from "./input-error.ts";

/** Where something is made before it takes its name: beside it, and hidden. */
const besides = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${process.pid.toString()}.part`);

/** Makes something beside its name, and gives it the name once it is whole. */
function placed(path: string, make: (part: string) => void): void {
  const part = besides(path);
  try {
    make(part);
    // A folder takes the place of an empty one alone.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { recursive: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw fileError(path, error);
  }
}

/**
 * Writes a file, so that under its name there is never a part of it.
 *
 * @throws InputError when it cannot be written.
 */
export const writeWhole = (path: string, contents: string): void =>
  placed(path, (part) => writeFileSync(part, contents));

/** A file of a folder. */
export interface FolderFile {
  readonly name: string;
  readonly contents: string | Uint8Array;
  /** Whether it is a program. */
  readonly runs?: true;
}

/**
 * Writes a folder with files in it, and nothing else, so that there is never a part of it.
 *
 * @throws InputError when it cannot be written.
 */
export const writeWholeFolder = (path: string, files: readonly FolderFile[]): void =>
  placed(path, (part) => {
    mkdirSync(part);
    for (const { name, contents, runs } of files) {
      writeFileSync(join(part, name), contents);
      if (runs) chmodSync(join(part, name), 0o755);
    }
  });

/** @throws InputError for the first path under which there is something. */
export function checkNothingThere(paths: readonly string[], replacing: string): void {
  const there = paths.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (there !== undefined) {
    throw new InputError(`${there}: exists already (${replacing} replaces it)`);
  }
}
