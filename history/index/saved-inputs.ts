import type { ByteWriter } from "../timeline/byte-writer.ts";
import {
  newByteReader,
  newByteWriter,
  readBytes,
  readCount,
  writeBytes,
  writeCount,
} from "../timeline/byte-writer.ts";
import type { InputStore } from "../timeline/input-store.ts";
import { newInputStore } from "../timeline/input-store.ts";

/** Inputs as bytes. */
export function saveInputs({ blocks, open, count }: InputStore): Uint8Array {
  const writer: ByteWriter = newByteWriter(blocks.length * 8192 + 1024);
  writeCount(writer, count);
  writeCount(writer, blocks.length);
  for (const block of blocks) writeBytes(writer, block);
  writeBytes(writer, open.bytes.subarray(0, open.length));
  return writer.bytes.subarray(0, writer.length);
}

/** The inputs that were saved. @throws RangeError when the bytes are not what they were. */
export function readInputs(bytes: Uint8Array): InputStore {
  const reader = newByteReader(bytes);
  const count = readCount(reader);
  const blocks = Array.from({ length: readCount(reader) }, () => readBytes(reader));
  const rest = readBytes(reader);
  const open = newByteWriter(rest.length + 1024);
  open.bytes.set(rest);
  open.length = rest.length;
  return { ...newInputStore(), blocks, open, count };
}
