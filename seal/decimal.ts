import { SealFormatError } from "./seal-error.ts";

/**
 * A count in decimal, without sign or leading zeros.
 *
 * @throws SealFormatError when it is none, or 2^53 and more, which no log here comes to.
 */
export function countOf(text: string, what: string): number {
  if (!/^(0|[1-9][0-9]*)$/.test(text)) throw new SealFormatError(`${what}: not a decimal number`);
  const count = Number(text);
  if (Number.isSafeInteger(count)) return count;
  throw new SealFormatError(`${what}: more than 2^53 - 1`);
}
