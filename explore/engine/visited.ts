/** Fingerprints of 96 bits that were met, in a table of a fixed size. */
export interface Visited {
  readonly size: () => number;
  /** Whether a fingerprint was not there before; now it is. */
  readonly add: (a: number, b: number, c: number) => boolean;
  readonly has: (a: number, b: number, c: number) => boolean;
}

/** Slots for a number of fingerprints: a power of two, at most three quarters of it taken. */
export const slotsFor = (most: number): number =>
  2 ** Math.ceil(Math.log2(Math.max(16, (most * 4) / 3)));

const wordsEach = 3;

/** Bytes that a table for a number of fingerprints takes. */
export const visitedBytes = (most: number): number => slotsFor(most) * wordsEach * 4;

/**
 * An empty table.
 *
 * @param buffer  where it lies: `visitedBytes` of zeros, which threads may share; one adds.
 */
export function visitedIn(buffer: ArrayBufferLike): Visited {
  const table = new Uint32Array(buffer);
  const slots = table.length / wordsEach;
  const mask = slots - 1;
  let size = 0;
  /** The slot of a fingerprint, or the free one where it would be; three zeros are none. */
  const slotOf = (a: number, b: number, c: number): number => {
    let slot = (a ^ Math.imul(b, 0x9e37_79b1)) & mask;
    for (;;) {
      const at = slot * wordsEach;
      const [x, y, z] = [table[at], table[at + 1], table[at + 2]];
      if ((x === a && y === b && z === c) || (x === 0 && y === 0 && z === 0)) return at;
      slot = (slot + 1) & mask;
    }
  };
  const isAt = (at: number, a: number, b: number, c: number): boolean =>
    table[at] === a && table[at + 1] === b && table[at + 2] === c;
  return {
    size: () => size,
    has: (a, b, c) => isAt(slotOf(a, b, c), a, b, c),
    add: (a, b, c) => {
      const at = slotOf(a, b, c);
      if (isAt(at, a, b, c)) return false;
      table[at] = a;
      table[at + 1] = b;
      table[at + 2] = c;
      size += 1;
      return true;
    },
  };
}
