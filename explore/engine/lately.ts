/**
 * Fingerprints that were met lately, each in the one place where it may be: what is in it was met,
 * what is not may have been.
 */
export interface Lately {
  readonly has: (words: readonly [number, number, number]) => boolean;
  readonly add: (words: readonly [number, number, number]) => void;
}

/** @param bits  of the number of places; each takes 12 bytes. */
export function newLately(bits: number): Lately {
  const table = new Uint32Array(3 * 2 ** bits);
  const mask = 2 ** bits - 1;
  return {
    has: ([a, b, c]) => {
      const at = (b & mask) * 3;
      return table[at] === a && table[at + 1] === b && table[at + 2] === c;
    },
    add: ([a, b, c]) => {
      const at = (b & mask) * 3;
      table[at] = a;
      table[at + 1] = b;
      table[at + 2] = c;
    },
  };
}
