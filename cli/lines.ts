import { isUtf8 } from "node:buffer";
import { CutShort } from "./gzip.ts";
import type { InputError } from "./input-error.ts";
import { lineError } from "./input-error.ts";

/** Some whole lines of a file. */
export interface LineBatch {
  /** The number of the first line, from 1. */
  readonly first: number;
  readonly lines: readonly string[];
  /** The last line may be incomplete, because the data was cut short; an error follows. */
  readonly cut: boolean;
  /** Index of the first line that is no UTF-8 text; what is none in it was replaced. */
  readonly garbled?: number;
}

/** The longest line that is read: more is no log, but some other file. */
const longestLine = 64 * 1024 * 1024;

const lineFeed = 0x0a;
const byteOrderMark = "\ufeff";

/** Text without the mark that some editors put before the first line. */
const unmarked = (text: string, first: number): string =>
  first === 1 && text.startsWith(byteOrderMark) ? text.slice(1) : text;

/** Whether bytes are text, but for a last character that may be incomplete. */
const isTextStart = (bytes: Buffer): boolean =>
  [0, 1, 2, 3].some((missing) => isUtf8(bytes.subarray(0, bytes.length - missing)));

/** The lines of some bytes, and which of them is the first that is no text. */
function decode(first: number, bytes: Buffer): LineBatch {
  const batch = { first, lines: unmarked(bytes.toString("utf8"), first).split("\n"), cut: false };
  if (isUtf8(bytes)) return batch;
  let [garbled, start] = [0, 0];
  for (;;) {
    const end = bytes.indexOf(lineFeed, start);
    if (!isUtf8(bytes.subarray(start, end < 0 ? bytes.length : end))) break;
    garbled += 1;
    start = end + 1;
  }
  return { ...batch, garbled };
}

export const notText = "not UTF-8 text";

/** The error that a line is no text. */
export const garbledError = (file: string, line: number): InputError =>
  lineError(file, line, notText);

/**
 * Splits a stream of bytes into lines, without the line ends. A last line without a line end
 * counts; a byte order mark before the first one does not. Lines that are no text are marked: to a
 * log that is an error, in a trace it is noise.
 *
 * @throws InputError when a line is too long, or the data was cut short, after the lines before
 *   that.
 */
export async function* splitLines(
  file: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<LineBatch, void> {
  let open: Buffer[] = [];
  let openLength = 0;
  let first = 1;
  let failure: CutShort | undefined;
  try {
    for await (const chunk of chunks) {
      const end = chunk.lastIndexOf(lineFeed);
      if (end >= 0) {
        open.push(chunk.subarray(0, end));
        const batch = decode(first, Buffer.concat(open));
        yield batch;
        first += batch.lines.length;
        open = [];
        openLength = 0;
      }
      open.push(chunk.subarray(end + 1));
      openLength += chunk.length - end - 1;
      if (openLength > longestLine) throw lineError(file, first, "line of more than 64 MiB");
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    failure = error;
  }
  const rest = Buffer.concat(open);
  const garbled = !failure && !isTextStart(rest) ? { garbled: 0 } : {};
  const last = unmarked(rest.toString("utf8"), first);
  if (last !== "") yield { first, lines: [last], cut: failure !== undefined, ...garbled };
  if (failure) throw lineError(file, first, failure.message);
}
