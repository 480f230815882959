import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { fileError } from "./input-error.ts";
import { partOf } from "./part-file.ts";

/** A file that is being written, some bytes or text at a time. */
export interface PieceWriter {
  /** Adds a piece. Resolves when there is room for more. */
  readonly add: (piece: string | Uint8Array) => Promise<void>;
  /** Gives the file its name, once everything is written. */
  readonly close: () => Promise<void>;
}

/**
 * Writes pieces to a file, whole or not at all; `-` is standard output.
 *
 * @throws InputError from `add` or `close` when the file cannot be written.
 */
export function openPieces(file: string): PieceWriter {
  const part = file === "-" ? undefined : partOf(file);
  const out = part === undefined ? process.stdout : createWriteStream(part.path);
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure ??= fileError(file, error);
    part?.drop();
  };
  if (part !== undefined) out.on("error", fail);
  const ended = part === undefined ? undefined : finished(out).catch(() => undefined);
  return {
    add: async (piece) => {
      if (failure !== undefined) throw failure;
      if (piece.length === 0 || out.write(piece)) return;
      await Promise.race([once(out, "drain").catch(() => undefined), ended]);
      if (failure !== undefined) throw failure;
    },
    close: async () => {
      if (part === undefined) return;
      out.end();
      await ended;
      if (failure !== undefined) throw failure;
      part.keep();
    },
  };
}
