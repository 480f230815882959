import { SealFormatError } from "./seal-error.ts";
import { hashBytes } from "./tree-hash.ts";

/** RFC 4648, section 4, with padding. */
export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/**
 * The bytes that base64 stands for. One text stands for them: other characters, missing padding
 * and bits beyond the last byte are refused.
 *
 * @throws SealFormatError naming `what` it was to be.
 */
export function fromBase64(text: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new SealFormatError(`${what}: not base64`);
  return bytes;
}

/** A hash in base64. @throws SealFormatError when it is none. */
export function hashFromBase64(text: string, what: string): Uint8Array {
  const bytes = fromBase64(text, what);
  if (bytes.length === hashBytes) return bytes;
  throw new SealFormatError(`${what}: ${bytes.length.toString()} bytes, a hash has 32`);
}
