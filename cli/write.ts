import { openPieces } from "./write-pieces.ts";

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

/**
 * Writes lines to a file, gzipped when its name ends in `.gz`; `-` is standard output. They are
 * written beside it, and replace what was there before once they are whole.
 *
 * @throws InputError from `line` or `close` when the file cannot be written.
 */
export function openWriter(file: string): LineWriter {
  const { add, close, abandon } = openPieces(file);
  let pending: string[] = [];
  let chars = 0;
  const flush = async (): Promise<void> => {
    const text = pending.join("");
    pending = [];
    chars = 0;
    await add(text);
  };
  return {
    line: async (text) => {
      pending.push(text, "\n");
      chars += text.length + 1;
      if (chars > bufferChars) await flush();
    },
    close: async () => {
      await flush();
      await close();
    },
    abandon,
  };
}
