import { parseSourceId } from "../../events/address.ts";

/** A number after a word: `addr 0x1000`, `size 256`, `level=0x3`. @throws RangeError if missing. */
export function fieldOf(text: string, name: string): bigint {
  const at = new RegExp(`(?:^|[^a-z_])${name}[ =:]+(0x[0-9a-f]+|\\d+)`).exec(text);
  if (at?.[1] === undefined) throw new RangeError(name);
  return BigInt(at[1]);
}

export const numberOf = (text: string, name: string): number => Number(fieldOf(text, name));

/** The device that `00:04.0`, `00:04.00` or `00:04:00` names. @throws RangeError if missing. */
export function deviceOf(text: string): number {
  const at = /([0-9a-f]{2}:[0-9a-f]{2})[.:]0?([0-7])\b/.exec(text);
  const source = at === null ? undefined : parseSourceId(`${at[1] ?? ""}.${at[2] ?? ""}`);
  if (source === undefined) throw new RangeError("device");
  return source;
}
