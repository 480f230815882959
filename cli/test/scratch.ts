import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for the files of one test file, gone when its tests are done. */
export interface Scratch {
  readonly folder: string;
  /** Writes a file into the folder and gives its path. */
  readonly fileOf: (name: string, content: string | Uint8Array) => string;
}

/**
 * Makes the folder; `name` is part of its own.
 *
 * @param atEnd  takes what removes the folder, and calls it when the tests are done.
 */
export function scratch(name: string, atEnd: (remove: () => void) => void): Scratch {
  const folder = mkdtempSync(join(tmpdir(), `shadowfold-${name}-`));
  atEnd(() => rmSync(folder, { recursive: true }));
  const fileOf = (file: string, content: string | Uint8Array): string => {
    const path = join(folder, file);
    writeFileSync(path, content);
    return path;
  };
  return { folder, fileOf };
}
