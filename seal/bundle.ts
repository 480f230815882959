import { SealFormatError } from "./seal-error.ts";

/** The longest entry of a bundle, in bytes. C2SP tlog-tiles. */
export const longestEntry = 65_535;

const lengthBytes = 2;

/** Entries one after the other, each with its length before it. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt16BE(entry.length);
    return [length, entry];
  });
  return Buffer.concat(parts);
}

/** @throws SealFormatError when bytes are not so many entries, and nothing else. */
export function parseBundle(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < buffer.length) {
    const start = at + lengthBytes;
    const end = start > buffer.length ? start : start + buffer.readUInt16BE(at);
    if (end > buffer.length) throw new SealFormatError("entries: cut short");
    entries.push(buffer.subarray(start, end));
    at = end;
  }
  if (entries.length === count) return entries;
  const [is, wanted] = [entries.length.toString(), count.toString()];
  throw new SealFormatError(`entries: ${is} of them, not ${wanted}`);
}
