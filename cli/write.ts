import { once } from "node:events";
import { createWriteStream, realpathSync } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { fileError, InputError } from "./input-error.ts";

/** A text file that is being written, line by line. */
export interface LineWriter {
  /** Adds a line, without its end. Resolves when there is room for more. */
  readonly line: (text: string) => Promise<void>;
  /** Writes what is left. Nothing may be added after it. */
  readonly close: () => Promise<void>;
}

const bufferChars = 64 * 1024;

const identity = (file: string): string | undefined => {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
};

/**
 * Refuses to write over the file that is being read.
 *
 * @throws InputError when both names mean one file.
 */
export function checkDistinct(from: string, to: string): void {
  if (to === "-") return;
  const target = identity(to);
  if (target !== undefined && target === identity(from)) {
    throw new InputError(`${to}: is the file that is being read`);
  }
}

function openTarget(file: string): { head: Writable; tail: Writable } {
  const tail = file === "-" ? process.stdout : createWriteStream(file);
  if (!file.endsWith(".gz")) return { head: tail, tail };
  const gzip = createGzip();
  gzip.pipe(tail);
  return { head: gzip, tail };
}

/**
 * Writes lines to a file, gzipped when its name ends in `.gz`; `-` is standard output. What was
 * there before is replaced.
 *
 * @throws InputError from `line` or `close` when the file cannot be written.
 */
export function openWriter(file: string): LineWriter {
  const { head, tail } = openTarget(file);
  const state: { failure?: Error } = {};
  const fail = (error: Error): void => {
    state.failure ??= fileError(file, error);
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
      if (file === "-") return;
      head.end();
      await ended;
      if (state.failure) throw state.failure;
    },
  };
}
