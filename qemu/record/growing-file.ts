import { closeSync, openSync, readSync } from "node:fs";

/** A text file that another process writes. */
export interface GrowingFile {
  /** The whole lines that were added since the last call, without their ends. */
  readonly lines: () => readonly string[];
  readonly close: () => void;
}

const chunkBytes = 1 << 16;

/**
 * Opens a file from its beginning on. A line that is not whole yet is given when it is.
 *
 * @throws the error of the file system when it cannot be opened; `lines` when it cannot be read.
 */
export function openGrowingFile(path: string): GrowingFile {
  const file = openSync(path, "r");
  const chunk = Buffer.alloc(chunkBytes);
  let rest = "";
  const lines = (): readonly string[] => {
    let text = rest;
    for (;;) {
      const size = readSync(file, chunk, 0, chunkBytes, null);
      text += chunk.toString("latin1", 0, size);
      if (size < chunkBytes) break;
    }
    const parts = text.split("\n");
    rest = parts.pop() ?? "";
    return parts;
  };
  return { lines, close: () => closeSync(file) };
}
