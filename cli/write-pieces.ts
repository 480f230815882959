import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { fileError } from "./input-error.ts";
import type { PartFile } from "./part-file.ts";
import { partOf } from "./part-file.ts";

/** A file that is being written, some bytes or text at a time. */
export interface PieceWriter {
  /** Adds a piece. Resolves when there is room for more. */
  readonly add: (piece: string | Uint8Array) => Promise<void>;
  /** Gives the file its name, once everything is written. Nothing may be added after it. */
  readonly close: () => Promise<void>;
  /** Removes what was written; a file that has the name already stays as it is. */
  readonly abandon: () => void;
}

function openTarget(file: string, part: PartFile | undefined): { head: Writable; tail: Writable } {
  const tail = part === undefined ? process.stdout : createWriteStream(part.path);
  if (!file.endsWith(".gz")) return { head: tail, tail };
  const gzip = createGzip();
  gzip.pipe(tail);
  return { head: gzip, tail };
}

/**
 * Writes pieces to a file, gzipped when its name ends in `.gz`; `-` is standard output. They are
 * written beside it, and replace what was there before once they are whole.
 *
 * @throws InputError from `add` or `close` when the file cannot be written.
 */
export function openPieces(file: string): PieceWriter {
  const part = file === "-" ? undefined : partOf(file);
  const { head, tail } = openTarget(file, part);
  const state: { failure?: Error } = {};
  const check = (): void => {
    if (state.failure !== undefined) throw state.failure;
  };
  const fail = (error: Error): void => {
    state.failure ??= fileError(file, error);
    part?.drop();
  };
  head.on("error", fail);
  tail.on("error", fail);
  const ended = finished(tail).catch(() => undefined);
  return {
    add: async (piece) => {
      check();
      if (piece.length === 0 || head.write(piece)) return;
      await Promise.race([once(head, "drain").catch(() => undefined), ended]);
      check();
    },
    close: async () => {
      check();
      if (part === undefined) return;
      head.end();
      await ended;
      check();
      part.keep();
    },
    abandon: () => {
      part?.drop();
    },
  };
}
