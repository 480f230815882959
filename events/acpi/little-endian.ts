/** The number that `count` bytes from `offset` on hold, the lowest byte first. */
export function numberAt(bytes: Uint8Array, offset: number, count: number): bigint {
  let value = 0n;
  for (let at = offset + count - 1; at >= offset; at--) {
    value = (value << 8n) | BigInt(bytes[at] ?? 0);
  }
  return value;
}

/** A number as `count` bytes, the lowest first. Higher bits are left out. */
export function bytesOfNumber(value: bigint, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0, rest = value; at < count; at++, rest >>= 8n) {
    bytes[at] = Number(BigInt.asUintN(8, rest));
  }
  return bytes;
}

/** Characters 0 to 255 of some bytes, one each. */
export const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** The bytes of a text whose characters are all below 256, one each. */
export const bytesOfText = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));
