import { openBytes } from "./bytes.ts";
import { lineError } from "./input-error.ts";
import type { LineBatch } from "./lines.ts";
import { splitLines } from "./lines.ts";

/** A file of lines whose first ones have been read. */
export interface OpenedLines {
  readonly file: string;
  /** The first lines, at least one. */
  readonly head: LineBatch;
  /** Those after them, some at a time. @throws InputError after everything that is good. */
  readonly rest: AsyncGenerator<LineBatch, void>;
  /** How much of the file has been read, 0 to 1; `undefined` for a pipe. */
  readonly progress: () => number | undefined;
  readonly close: () => Promise<void>;
}

/**
 * Opens a file of lines; gzipped or not, told by the first bytes; `-` is standard input.
 *
 * @throws InputError in one line when it cannot be read or is empty.
 */
export async function openLines(file: string): Promise<OpenedLines> {
  const bytes = await openBytes(file);
  try {
    const lines = splitLines(file, bytes.chunks);
    const start = await lines.next();
    if (start.done === true) throw lineError(file, 1, "empty");
    // The error that follows a line cut short says more than the line does.
    if (start.value.cut) await lines.next();
    const total = bytes.totalBytes;
    const progress = (): number | undefined =>
      total === undefined ? undefined : bytes.readBytes() / Math.max(1, total);
    return { file, head: start.value, rest: lines, progress, close: bytes.close };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** Whether the first line is a JSON object, as that of a log or a recording is. */
export const beginsWithJson = ({ head }: OpenedLines): boolean =>
  head.lines[0]?.trimStart().startsWith("{") === true;
