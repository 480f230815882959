/** Some lines of a file, and how far the file is read. */
export interface Lines {
  readonly lines: readonly string[];
  /** Number of the first of them, from 1. */
  readonly first: number;
  /** Bytes of the file that were taken in so far, before unpacking. */
  readonly taken: number;
}

/** Why a file ends before it should. */
export interface Cut {
  readonly cut: string;
}

const pieceBytes = 2 ** 18;
const longestLine = 64 * 2 ** 20;

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

/** The bytes of a blob, some at a time. */
async function* piecesOf(blob: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (let at = 0; at < blob.size; at += pieceBytes) {
    yield new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer());
  }
}

/** Unpacked bytes, how much of the file was taken in for them, and why there are no more. */
interface Unpacked {
  readonly bytes: Uint8Array;
  readonly taken: number;
}

/** Hands on what a stream gives until nothing more comes of what was written. */
async function* unpacked(blob: Blob): AsyncGenerator<Unpacked | Cut, void> {
  const stream = new DecompressionStream("gzip");
  const [writer, reader] = [stream.writable.getWriter(), stream.readable.getReader()];
  const out: Uint8Array[] = [];
  let failure: string | undefined;
  // What was unpacked is taken as it comes: a stream that fails forgets what nobody has read.
  const reading = (async () => {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        out.push(next.value);
      }
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
  })();
  let taken = 0;
  try {
    for await (const piece of piecesOf(blob)) {
      await writer.write(piece);
      taken += piece.length;
      // Lets the reader have what this piece gave.
      await new Promise((resolve) => setTimeout(resolve));
      for (const bytes of out.splice(0)) yield { bytes, taken };
    }
    await writer.close();
  } catch (error) {
    failure ??= error instanceof Error ? error.message : String(error);
  }
  await reading;
  for (const bytes of out) yield { bytes, taken };
  if (failure !== undefined) yield { cut: "the gzip data is cut short or damaged" };
}

async function* bytesOf(blob: Blob): AsyncGenerator<Unpacked | Cut, void> {
  const head = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (isGzip(head)) return yield* unpacked(blob);
  let taken = 0;
  for await (const bytes of piecesOf(blob)) {
    taken += bytes.length;
    yield { bytes, taken };
  }
}

/** The first bytes of a file, unpacked. */
export async function headOf(blob: Blob): Promise<Uint8Array> {
  for await (const part of bytesOf(blob.slice(0, pieceBytes))) {
    if ("bytes" in part) return part.bytes.subarray(0, 4096);
  }
  return new Uint8Array();
}

/**
 * The lines of a file, gzipped or not, some at a time. A last line without an end counts, unless
 * the data was cut there.
 */
export async function* linesOf(blob: Blob): AsyncGenerator<Lines | Cut, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let first = 1;
  let taken = 0;
  let cut: Cut | undefined;
  for await (const part of bytesOf(blob)) {
    if ("cut" in part) {
      cut = part;
      break;
    }
    taken = part.taken;
    const lines = (rest + decoder.decode(part.bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine) {
      yield { cut: `line ${first.toString()} has more than 64 MiB` };
      return;
    }
    if (lines.length > 0) yield { lines, first, taken };
    first += lines.length;
  }
  rest += decoder.decode();
  if (cut !== undefined) yield cut;
  else if (rest !== "") yield { lines: [rest], first, taken };
}
