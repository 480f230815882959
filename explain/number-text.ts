import type { SourceId } from "../events/address.ts";
import { parseSourceId } from "../events/address.ts";

/** A hexadecimal number of up to 64 bits, with `0x` or without; `undefined` for any other text. */
export function hexNumber(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^(?:0x)?[0-9a-f]{1,16}$/i.test(text)) return undefined;
  return BigInt(text.toLowerCase().startsWith("0x") ? text : `0x${text}`);
}

/** The same as a number of up to 32 bits. */
export function smallHex(text: string | undefined): number | undefined {
  const value = hexNumber(text);
  return value === undefined || value > 0xffff_ffffn ? undefined : Number(value);
}

/** A decimal number of up to 32 bits. */
export const decimal = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;

/**
 * A source-id, as any of them prints it: `00:02.0`, `0x00:0x02.0`, `0000:00:02.0`, and QEMU's
 * `00:02:00`.
 */
export function sourceOf(text: string | undefined): SourceId | undefined {
  if (text === undefined) return undefined;
  const plain = text.replaceAll("0x", "").replace(/:([0-7])$/, ".$1");
  return parseSourceId(plain.replace(/^[0-9a-f]{4}:(?=[0-9a-f]{2}:)/i, ""));
}

/** The words that may stand before a device: its segment, where it is not 0. */
export function segmentOf(text: string): number | undefined {
  const segment = smallHex(/^([0-9a-f]{4}):[0-9a-f]{2}:/i.exec(text)?.[1]);
  return segment === 0 ? undefined : segment;
}
