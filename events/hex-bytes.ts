const digits = "0123456789abcdef";

/** Two digits of each byte. */
const pairs: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `${digits[byte >> 4] ?? ""}${digits[byte & 15] ?? ""}`,
);

/** The value of a digit by its character code; 0 of what is none. */
const values = new Uint8Array(128);
for (const [value, digit] of [...digits].entries()) {
  values[digit.charCodeAt(0)] = value;
  values[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Bytes as two hexadecimal digits each, without a prefix. */
export function hexOfBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += pairs[byte] as string;
  return text;
}

/** The bytes that an even number of hexadecimal digits say, and nothing else than digits. */
export function bytesOfHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    const high = values[text.charCodeAt(2 * at)] as number;
    bytes[at] = (high << 4) | (values[text.charCodeAt(2 * at + 1)] as number);
  }
  return bytes;
}
