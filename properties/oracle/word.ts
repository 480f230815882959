const singles = Array.from({ length: 512 }, (_, index) => 1n << BigInt(index));

/** Whether one bit of a word is set. */
export const bit = (word: bigint, index: number): boolean =>
  (word & (singles[index] ?? 1n << BigInt(index))) !== 0n;

const masks = new Map<number, bigint>();

/** Bits `high` to `low` set, both included. */
export function ones(high: number, low: number): bigint {
  const key = high * 512 + low;
  const known = masks.get(key);
  if (known !== undefined) return known;
  const mask = high < low ? 0n : ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
  masks.set(key, mask);
  return mask;
}

/** Bits `high` to `low` of a word as a number. */
export const bits = (word: bigint, high: number, low: number): number =>
  Number((word & ones(high, low)) >> BigInt(low));

/** Whether an address page is one of the interrupt range. */
export const isInterruptPage = (page: number): boolean => page >= 0xfee00 && page <= 0xfeeff;
