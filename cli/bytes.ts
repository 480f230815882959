import { open, stat } from "node:fs/promises";
import { gunzipped } from "./gzip.ts";
import { fileError } from "./input-error.ts";

/** A file that is being read, and how far. */
export interface ByteSource {
  readonly chunks: AsyncGenerator<Buffer, void>;
  /** Bytes of the file itself that what was handed out so far stands for, compressed or not. */
  readonly readBytes: () => number;
  /** Bytes in the file; `undefined` where nobody knows, as in a pipe. */
  readonly totalBytes: number | undefined;
  /** Closes the file before its end. */
  readonly close: () => Promise<void>;
}

const chunkBytes = 64 * 1024;
/** Small enough that a compressed file of a few pieces shows how far it is. */
const pieceBytes = 4 * 1024;

async function* readFile(file: string): AsyncGenerator<Buffer, void> {
  const handle = await open(file, "r");
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(chunkBytes) });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function* counted(
  file: string,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer, void> {
  try {
    const chunks = file === "-" ? (process.stdin as AsyncIterable<Buffer>) : readFile(file);
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes);
        count(piece.length);
        yield piece;
      }
    }
  } catch (error) {
    throw fileError(file, error);
  }
}

async function* chain(
  first: readonly Buffer[],
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void> {
  yield* first;
  yield* rest;
}

async function sizeOf(file: string): Promise<number | undefined> {
  if (file === "-") return undefined;
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/**
 * Opens a file, or standard input as `-`. Whether it is compressed is told by its first two
 * bytes, not by its name.
 *
 * @throws InputError when it cannot be opened or read.
 */
export async function openBytes(file: string): Promise<ByteSource> {
  let [read, newest, held] = [0, 0, 0];
  const raw = counted(file, (bytes) => {
    read += bytes;
    newest = bytes;
  });
  const close = async (): Promise<void> => {
    await raw.return();
  };
  const head: Buffer[] = [];
  while (head.reduce((sum, chunk) => sum + chunk.length, 0) < 2) {
    const next = await raw.next();
    if (next.done === true) break;
    head.push(next.value);
  }
  const [magic0, magic1] = Buffer.concat(head);
  const all = chain(head, raw);
  const isGzip = magic0 === 0x1f && magic1 === 0x8b;
  const chunks = isGzip
    ? gunzipped(all, (share) => {
        held = share;
      })
    : all;
  const readBytes = (): number => read - Math.round(newest * held);
  return { chunks, readBytes, totalBytes: await sizeOf(file), close };
}
