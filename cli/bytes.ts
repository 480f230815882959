import { open, stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { fileError } from "./input-error.ts";

/** A file that is being read, and how far. */
export interface ByteSource {
  readonly chunks: AsyncGenerator<Buffer, void>;
  /** Bytes of the file itself that were read so far, compressed or not. */
  readonly readBytes: () => number;
  /** Bytes in the file; `undefined` where nobody knows, as in a pipe. */
  readonly totalBytes: number | undefined;
  /** Closes the file before its end. */
  readonly close: () => Promise<void>;
}

/** The data ends before its format says that it may; what came before is good. */
export class CutShort extends Error {}

const chunkBytes = 64 * 1024;

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
      count(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw fileError(file, error);
  }
}

/**
 * Decompresses. Each piece is written only when the one before it is through, and the output is
 * taken as it comes: a stream that is read through its iterator loses what it holds when it
 * fails.
 *
 * @throws CutShort when the data ends early or is damaged, after everything before that.
 */
async function* gunzipped(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const out: Buffer[] = [];
  const gunzip = createGunzip();
  const state: { failure?: NodeJS.ErrnoException } = {};
  gunzip.on("data", (chunk: Buffer) => out.push(chunk));
  const failed = new Promise<void>((resolve) => {
    gunzip.on("error", (error) => {
      state.failure = error;
      resolve();
    });
  });
  for await (const chunk of source) {
    const written = new Promise<void>((resolve) => {
      gunzip.write(chunk, () => resolve());
    });
    await Promise.race([written, failed]);
    yield* out.splice(0);
    if (state.failure) break;
  }
  if (!state.failure) {
    await new Promise<void>((resolve) => {
      gunzip.once("close", resolve);
      gunzip.end();
    });
    yield* out.splice(0);
  }
  if (!state.failure) return;
  const early = state.failure.code === "Z_BUF_ERROR";
  throw new CutShort(early ? "gzip cut short" : `damaged gzip (${state.failure.message})`);
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
  let read = 0;
  const raw = counted(file, (bytes) => {
    read += bytes;
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
  const chunks = magic0 === 0x1f && magic1 === 0x8b ? gunzipped(all) : all;
  return { chunks, readBytes: () => read, totalBytes: await sizeOf(file), close };
}
