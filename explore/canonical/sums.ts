import type { Digest } from "./digest.ts";
import { newDigest, sumsEach } from "./digest.ts";
import type { Names } from "./names.ts";

/** Tells the records of something under one renaming. */
export type Tell = (to: Digest, names: Names) => void;

/**
 * Sums of records, a row each: under every renaming in turn three numbers of 32 bits, those without
 * any renaming first. Row 0 is that of nothing.
 */
export interface Rows {
  readonly to: Digest;
  readonly all: readonly Names[];
  /** Numbers of a row. */
  readonly width: number;
  /** All rows, one after the other; another array once it had to grow. */
  numbers: Uint32Array;
  count: number;
}

export function newRows(all: readonly Names[]): Rows {
  const width = all.length * sumsEach;
  return { to: newDigest(), all, width, numbers: new Uint32Array(width * 64), count: 1 };
}

/** Sums of records under each renaming. */
export function sumsUnder(to: Digest, all: readonly Names[], tell: Tell): Uint32Array {
  const sums = new Uint32Array(all.length * sumsEach);
  for (let index = 0; index < all.length; index++) {
    tell(to, all[index] as Names);
    to.take(sums, index * sumsEach);
  }
  return sums;
}

/** A new row, of which the first three numbers are known. */
function addRow(rows: Rows, plain: Uint32Array, tell: Tell): number {
  const { to, all, width } = rows;
  const row = rows.count;
  rows.count += 1;
  if (rows.count * width > rows.numbers.length) {
    const more = new Uint32Array(rows.numbers.length * 2);
    more.set(rows.numbers);
    rows.numbers = more;
  }
  rows.numbers.set(plain, row * width);
  for (let index = 1; index < all.length; index++) {
    tell(to, all[index] as Names);
    to.take(rows.numbers, row * width + index * sumsEach);
  }
  return row;
}

/** The rows of contents of one sort: what is told of two of them is equal or is not. */
export interface Contents {
  /** The row of what is told: it is told under every renaming when it is met first alone. */
  readonly rowOf: (tell: Tell) => number;
}

/**
 * Contents are found again by their sums without renaming: what is told under a renaming follows
 * from what is told without.
 */
export function newContents(rows: Rows): Contents {
  const { to, all, width } = rows;
  const [plainNames] = all;
  const plain = new Uint32Array(sumsEach);
  let slots = new Int32Array(64);
  let taken = 0;
  /** The slot of some sums, or the free one where they would be. */
  const slotOf = (a: number, b: number, c: number): number => {
    const { numbers } = rows;
    const mask = slots.length - 1;
    let slot = (a ^ Math.imul(b, 0x9e37_79b1)) & mask;
    for (;;) {
      const row = slots[slot] as number;
      const at = row * width;
      if (row === 0) return slot;
      if (numbers[at] === a && numbers[at + 1] === b && numbers[at + 2] === c) return slot;
      slot = (slot + 1) & mask;
    }
  };
  const grow = (): void => {
    const old = slots;
    slots = new Int32Array(old.length * 2);
    for (const row of old) {
      if (row === 0) continue;
      const at = row * width;
      const [a = 0, b = 0, c = 0] = rows.numbers.subarray(at, at + sumsEach);
      slots[slotOf(a, b, c)] = row;
    }
  };
  return {
    rowOf: (tell) => {
      tell(to, plainNames as Names);
      to.take(plain, 0);
      const [a = 0, b = 0, c = 0] = plain;
      if (a === 0 && b === 0 && c === 0) return 0;
      const slot = slotOf(a, b, c);
      const known = slots[slot] as number;
      if (known !== 0) return known;
      const row = addRow(rows, plain, tell);
      slots[slot] = row;
      taken += 1;
      if (taken * 2 > slots.length) grow();
      return row;
    },
  };
}
