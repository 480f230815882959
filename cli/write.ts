import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { fileError } from "./input-error.ts";
import type { PartFile } from "./part-file.ts";
import { partOf } from "./part-file.ts";

/** A text file that is being written, line by line. */
export interface LineWriter {
  /** Adds a line, without its end. Resolves when there is room for more. */
  readonly line: (text: string) => Promise<void>;
  /** Writes what is left, and gives the file its name. Nothing may be added after it. */
  readonly close: () => Promise<void>;
  /** Removes what was written; a file that has the name already stays as it is. */
  readonly abandon: () => void;
}

const bufferChars = 64 * 1024;

function openTarget(file: string, part: PartFile | undefined): { head: Writable; tail: Writable } {
  const tail = part === undefined ? process.stdout : createWriteStream(part.path);
  if (!file.endsWith(".gz")) return { head: tail, tail };
  const gzip = createGzip();
  gzip.pipe(tail);
  return { head: gzip, tail };
}

/**
 * Writes lines to a file, gzipped when its name ends in `.gz`; `-` is standard output. They are
 * written beside it, and replace what was there before once they are whole.
 *
 * @throws InputError from `line` or `close` when the file cannot be written.
 */
export function openWriter(file: string): LineWriter {
  const part = file === "-" ? undefined : partOf(file);
  const { head, tail } = openTarget(file, part);
  const state: { failure?: Error } = {};
  const fail = (error: Error): void => {
    state.failure ??= fileError(file, error);
    part?.drop();
  };
  head.on("error", fail);
  tail.on("error", fail);
  const ended = finished(tail).catch(() => undefined);
  let pending: string[] = [];
  let chars = 0;
  const flush = async (): Promise<void> => {
    if (state.failure) throw state.failure;
    const text = pending.join("");
    pending = [];
    chars = 0;
    if (text === "" || head.write(text)) return;
    await Promise.race([once(head, "drain").catch(() => undefined), ended]);
    if (state.failure) throw state.failure;
  };
  return {
    line: async (text) => {
      pending.push(text, "\n");
      chars += text.length + 1;
      if (chars > bufferChars) await flush();
    },
    close: async () => {
      await flush();
      if (part === undefined) return;
      head.end();
      await ended;
      if (state.failure) throw state.failure;
      part.keep();
    },
    abandon: () => {
      part?.drop();
    },
  };
}
