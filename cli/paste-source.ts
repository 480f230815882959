import type { ByteSource } from "./bytes.ts";
import { openBytes } from "./bytes.ts";
import { CutShort } from "./gzip.ts";
import { fileError, InputError } from "./input-error.ts";

/** Pastes are parts of logs; a whole log of more than this is better cut to what matters. */
const limitBytes = 256 * 1024 * 1024;

/** What was read of a file. */
export interface PasteSource {
  readonly bytes: Uint8Array;
  /** Why the reading ended before the end of the file. */
  readonly failure: InputError | undefined;
}

async function collect(file: string, source: ByteSource, chunks: Buffer[]): Promise<void> {
  let size = 0;
  for await (const chunk of source.chunks) {
    size += chunk.length;
    if (size > limitBytes) {
      throw new InputError(`${file}: has more than 256 MiB; cut it to the lines around the fault`);
    }
    chunks.push(chunk);
  }
}

/**
 * The bytes of a file, gzipped or not; `-` is standard input. What is there of a file that was cut
 * short is kept.
 *
 * @throws InputError when it cannot be opened, is empty, or has more than 256 MiB.
 */
export async function openPaste(file: string): Promise<PasteSource> {
  const source = await openBytes(file);
  const chunks: Buffer[] = [];
  let failure: InputError | undefined;
  try {
    await collect(file, source, chunks);
  } catch (error) {
    if (error instanceof CutShort) failure = new InputError(`${file}: ${error.message}`);
    else throw error instanceof InputError ? error : fileError(file, error);
  } finally {
    await source.close();
  }
  const bytes = new Uint8Array(Buffer.concat(chunks));
  if (bytes.length === 0) throw failure ?? new InputError(`${file}: empty`);
  return { bytes, failure };
}

const decoders = { fffe: "utf-16le", feff: "utf-16be" } as const;

/** The text that bytes are, in whatever encoding. What is no character is replaced. */
export function pasteText(bytes: Uint8Array): string {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString("hex");
  const wide = decoders[mark as keyof typeof decoders];
  return new TextDecoder(wide ?? "utf-8").decode(bytes);
}
