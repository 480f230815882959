/** Whether one bit of a word is set. */
export const bit = (word: bigint, index: number): boolean => ((word >> BigInt(index)) & 1n) === 1n;

/** Bits `high` to `low` set, both included. */
export const ones = (high: number, low: number): bigint =>
  high < low ? 0n : ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);

/** Bits `high` to `low` of a word as a number. */
export const bits = (word: bigint, high: number, low: number): number =>
  Number((word & ones(high, low)) >> BigInt(low));

/** Whether an address page is one of the interrupt range. */
export const isInterruptPage = (page: number): boolean => page >= 0xfee00 && page <= 0xfeeff;
