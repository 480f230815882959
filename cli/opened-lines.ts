import { openBytes } from "./bytes.ts";
import { lineError } from "./input-error.ts";
import type { LineBatch } from "./lines.ts";
import { splitLines } from "./lines.ts";
import { knownKind } from "./seems-to-be.ts";

/** A file of lines whose first ones have been read. */
export interface OpenedLines {
  readonly file: string;
  /** The first lines, at least one. */
  readonly head: LineBatch;
  /** What the file is that is neither log nor trace, where its first bytes say so. */
  readonly kind: string | undefined;
  /** Those after them, some at a time. @throws InputError after everything that is good. */
  readonly rest: AsyncGenerator<LineBatch, void>;
  /** How much of the file has been read, 0 to 1; `undefined` for a pipe. */
  readonly progress: () => number | undefined;
  readonly close: () => Promise<void>;
}

/** The longest of the signs by which files are told apart. */
const signBytes = 16;

/** Hands chunks on, and keeps the first bytes. */
async function* keepingStart(
  chunks: AsyncIterable<Buffer>,
  keep: (start: Buffer) => void,
): AsyncGenerator<Buffer, void> {
  let start = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (start.length < signBytes) {
      start = Buffer.concat([start, chunk.subarray(0, signBytes)]);
      keep(start);
    }
    yield chunk;
  }
}

/**
 * Opens a file of lines; gzipped or not, told by the first bytes; `-` is standard input.
 *
 * @throws InputError in one line when it cannot be read or is empty.
 */
export async function openLines(file: string): Promise<OpenedLines> {
  const bytes = await openBytes(file);
  try {
    let start: Buffer = Buffer.alloc(0);
    const chunks = keepingStart(bytes.chunks, (known) => {
      start = known;
    });
    const lines = splitLines(file, chunks);
    const first = await lines.next();
    if (first.done === true) throw lineError(file, 1, "empty");
    // The error that follows a line cut short says more than the line does.
    if (first.value.cut) await lines.next();
    const total = bytes.totalBytes;
    const progress = (): number | undefined =>
      total === undefined ? undefined : bytes.readBytes() / Math.max(1, total);
    const kind = knownKind(start);
    return { file, head: first.value, kind, rest: lines, progress, close: bytes.close };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** A reason why the first line cannot be read, with what the file is instead. */
export const withKind = (reason: string, { kind }: OpenedLines): string =>
  kind === undefined ? reason : `${reason}: it is ${kind}`;

/** Whether the first line is a JSON object, as that of a log or a recording is. */
export const beginsWithJson = ({ head }: OpenedLines): boolean =>
  head.lines[0]?.trimStart().startsWith("{") === true;
