import { StringDecoder } from "node:string_decoder";
import { CutShort } from "./bytes.ts";
import { lineError } from "./input-error.ts";

/** Some whole lines of a file. */
export interface LineBatch {
  /** The number of the first line, from 1. */
  readonly first: number;
  readonly lines: readonly string[];
  /** The last line may be incomplete, because the data was cut short; an error follows. */
  readonly cut: boolean;
}

/** The longest line that is read: more is no log, but some other file. */
const longestLine = 64 * 1024 * 1024;

/**
 * Splits a stream of bytes into lines, without the line ends. A last line without a line end
 * counts.
 *
 * @throws InputError when a line is too long, or the data was cut short, after the lines before
 *   that.
 */
export async function* splitLines(
  file: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<LineBatch, void> {
  const decoder = new StringDecoder("utf8");
  let open: string[] = [];
  let openLength = 0;
  let first = 1;
  let failure: CutShort | undefined;
  try {
    for await (const chunk of chunks) {
      const text = decoder.write(chunk);
      const end = text.lastIndexOf("\n");
      if (end >= 0) {
        open.push(text.slice(0, end));
        const lines = open.join("").split("\n");
        yield { first, lines, cut: false };
        first += lines.length;
        open = [];
        openLength = 0;
      }
      open.push(text.slice(end + 1));
      openLength += text.length - end - 1;
      if (openLength > longestLine) throw lineError(file, first, "line of more than 64 MiB");
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    failure = error;
  }
  const last = open.join("") + decoder.end();
  if (last !== "") yield { first, lines: [last], cut: failure !== undefined };
  if (failure) throw lineError(file, first, failure.message);
}
