import { writeFile } from "node:fs/promises";
import { openBytes } from "./bytes.ts";
import { fileError, InputError } from "./input-error.ts";
import { partOf } from "./part-file.ts";

/** Tables and their configurations are small; anything larger is something else. */
const limitBytes = 16 * 1024 * 1024;

/**
 * All bytes of a file; `-` is standard input.
 *
 * @throws InputError when it cannot be read or has more than 16 MiB.
 */
export async function readWhole(file: string): Promise<Uint8Array> {
  const source = await openBytes(file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source.chunks) {
      size += chunk.length;
      if (size > limitBytes) throw new InputError(`${file}: has more than 16 MiB`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof InputError ? error : fileError(file, error);
  } finally {
    await source.close();
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/**
 * Writes bytes to a file, whole or not at all; `-` is standard output.
 *
 * @throws InputError when the file cannot be written.
 */
export async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  if (file === "-") {
    process.stdout.write(bytes);
    return;
  }
  const part = partOf(file);
  try {
    await writeFile(part.path, bytes);
  } catch (error) {
    part.drop();
    throw fileError(file, error);
  }
  part.keep();
}
