import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileError, InputError } from "./input-error.ts";
import { partOf } from "./part-file.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Writes a file, so that under its name there is never a part of it.
 *
 * @throws InputError when it cannot be written.
 */
export function writeWhole(file: string, contents: string): void {
  const part = partOf(file);
  try {
    writeFileSync(part.path, contents);
  } catch (error) {
    part.drop();
    throw fileError(file, error);
  }
  part.keep();
}

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
export function writeWholeFolder(path: string, files: readonly FolderFile[]): void {
  const part = `${path}.${process.pid.toString()}.part`;
  try {
    mkdirSync(part);
    for (const { name, contents, runs } of files) {
      writeFileSync(join(part, name), contents);
      if (runs) chmodSync(join(part, name), 0o755);
    }
    // A folder takes the place of an empty one alone.
    rmSync(path, { recursive: true, force: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw fileError(path, error);
  }
}

/**
 * Refuses to write over files and folders, unless it may; on a terminal it asks. To be called
 * before any long work.
 *
 * @throws InputError when one of them is there and is to stay.
 */
export async function checkNew(
  { confirm }: Terminal,
  paths: readonly string[],
  force: boolean | undefined,
): Promise<void> {
  const there = paths.filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  const [first, ...others] = there;
  if (first === undefined || force === true) return;
  const more = others.length > 0 ? ` and ${others.length.toString()} more` : "";
  const isOne = others.length === 0;
  const question = `${first}${more} ${isOne ? "is" : "are"} there already. Replace?`;
  if (await confirm?.(question)) return;
  throw new InputError(`${first}: is there already; --force replaces it`);
}
