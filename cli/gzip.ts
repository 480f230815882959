import type { Gunzip } from "node:zlib";
import { createGunzip } from "node:zlib";

/** The data ends before its format says that it may; what came before is good. */
export class CutShort extends Error {}

/** A decompressor that is fed piece by piece, and hands out all that a piece gave. */
interface Inflater {
  /** What a piece gives; the error is there afterwards if it was a bad one. */
  readonly feed: (piece: Buffer) => Promise<readonly Buffer[]>;
  /** What is left at the end of the data. */
  readonly finish: () => Promise<readonly Buffer[]>;
  readonly failure: () => NodeJS.ErrnoException | undefined;
  readonly close: () => void;
}

/**
 * Starts to decompress. The output is taken as it comes: a stream that is read through its iterator
 * loses what it holds when it fails.
 */
function startInflater(): Inflater {
  const gunzip: Gunzip = createGunzip();
  let out: Buffer[] = [];
  let failure: NodeJS.ErrnoException | undefined;
  gunzip.on("data", (chunk: Buffer) => out.push(chunk));
  const failed = new Promise<void>((resolve) => {
    gunzip.on("error", (error) => {
      failure = error;
      resolve();
    });
  });
  const taken = (): readonly Buffer[] => {
    const all = out;
    out = [];
    return all;
  };
  return {
    feed: async (piece) => {
      const written = new Promise<void>((resolve) => {
        gunzip.write(piece, () => resolve());
      });
      await Promise.race([written, failed]);
      return taken();
    },
    finish: async () => {
      await new Promise<void>((resolve) => {
        gunzip.once("close", resolve);
        gunzip.end();
      });
      return taken();
    },
    failure: () => failure,
    close: () => {
      gunzip.destroy();
    },
  };
}

/** All that a bad piece gives before it goes wrong: it is fed byte by byte. */
async function* untilBad(inflater: Inflater, piece: Buffer): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < piece.length && inflater.failure() === undefined; at++) {
    yield* await inflater.feed(piece.subarray(at, at + 1));
  }
}

/**
 * Decompresses, also several gzip files one behind the other. A decompressor that meets an error
 * withholds what the same piece gave before it, the last lines of a file with a bad checksum for
 * one. So a first one tries each piece, and a second one follows: what is tried and bad it is fed
 * byte by byte.
 *
 * @param held  is told which part of the newest piece, 1 to 0, was not handed out so far.
 * @throws CutShort when the data ends early or is damaged, after everything before that.
 */
export async function* gunzipped(
  source: AsyncIterable<Buffer>,
  held: (share: number) => void,
): AsyncGenerator<Buffer, void> {
  const [first, second] = [startInflater(), startInflater()];
  try {
    for await (const piece of source) {
      await first.feed(piece);
      if (first.failure() !== undefined) {
        yield* untilBad(second, piece);
        break;
      }
      const chunks = await second.feed(piece);
      for (const [index, chunk] of chunks.entries()) {
        held(1 - (index + 1) / chunks.length);
        yield chunk;
      }
    }
    if (second.failure() === undefined) yield* await second.finish();
    const failure = second.failure();
    if (failure === undefined) return;
    const early = failure.code === "Z_BUF_ERROR";
    throw new CutShort(early ? "gzip cut short" : `damaged gzip (${failure.message})`);
  } finally {
    first.close();
    second.close();
  }
}
