import { open } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { fileError, InputError, lineError } from "./input-error.ts";
import type { LineBatch } from "./lines.ts";
import { splitLines } from "./lines.ts";
import type { OpenedLines } from "./opened-lines.ts";

/** How long a file that grows is read. */
export interface Growing {
  /** Asked whenever there is nothing more to read: whether to wait for more. */
  readonly goesOn: () => boolean;
  /** Milliseconds between two looks. */
  readonly pause: number;
}

const chunkBytes = 64 * 1024;
const lineFeed = 0x0a;

/** The bytes of a file as far as its last line end, as they come. */
async function* wholeLines(file: string, { goesOn, pause }: Growing): AsyncGenerator<Buffer, void> {
  const handle = await open(file, "r");
  let rest = Buffer.alloc(0);
  let isFirst = true;
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(chunkBytes) });
      if (bytesRead === 0) {
        if (!goesOn()) return;
        await wait(pause);
        continue;
      }
      if (isFirst && buffer[0] === 0x1f && buffer[1] === 0x8b) {
        throw new InputError(`${file}: is compressed: what grows is followed as plain text alone`);
      }
      isFirst = false;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const end = rest.lastIndexOf(lineFeed) + 1;
      if (end === 0) continue;
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw fileError(file, error);
  } finally {
    await handle.close();
  }
}

/**
 * Opens a file that another process still writes; a line that is not whole yet is waited for.
 *
 * @throws InputError in one line when it cannot be read, is compressed, or nothing comes.
 */
export async function openGrowing(file: string, growing: Growing): Promise<OpenedLines> {
  const lines: AsyncGenerator<LineBatch, void> = splitLines(file, wholeLines(file, growing));
  const start = await lines.next();
  if (start.done === true) throw lineError(file, 1, "empty");
  const close = async (): Promise<void> => {
    await lines.return();
  };
  return {
    file,
    kind: undefined,
    head: start.value,
    rest: lines,
    progress: () => undefined,
    close,
  };
}
