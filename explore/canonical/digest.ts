/** Takes records apart into numbers and adds them up. */
export interface Digest {
  /** Begins a record of a kind. */
  readonly begin: (kind: number) => void;
  /** The next field of the record: a whole number from 0 up to 2^53, or -1. */
  readonly field: (value: number) => void;
  /** The next field: a word of up to 64 bits. */
  readonly word: (value: bigint) => void;
  /** Ends the record: from now on it counts. */
  readonly end: () => void;
  /**
   * Writes what was said since the last time: three sums of 32 bits each. Sums of parts are added
   * to give the sum of the whole.
   *
   * @param at  where in `sums` they go.
   */
  readonly take: (sums: Uint32Array, at: number) => void;
}

/** Numbers that a digest takes at a time. */
export const sumsEach = 3;

const finish = (value: number): number => {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
};

const high = 2 ** -32;
/** Words below it are numbers without loss. */
const exact = 2n ** 53n;

/**
 * A digest of nothing. Each record is mixed to three numbers of 32 bits, and these are added: the
 * order of records does not count, their number does.
 */
export function newDigest(): Digest {
  let [a, b, c] = [0, 0, 0];
  let [sumA, sumB, sumC] = [0, 0, 0];
  const mix = (value: number): void => {
    a = Math.imul(a ^ value, 0xcc9e_2d51);
    a = (a << 15) | (a >>> 17);
    b = Math.imul(b + value, 0x1b87_3593);
    b ^= b >>> 14;
    b = (b + 0x7ed5_5d16) | 0;
    c = Math.imul(c ^ Math.imul(value, 0x2545_f491), 0x9e37_79b1);
    c = (c << 11) | (c >>> 21);
  };
  const field = (value: number): void => {
    mix(value | 0);
    const upper = value < 0 ? -1 : Math.floor(value * high);
    if (upper !== 0) mix(upper ^ 0x5bd1_e995);
  };
  return {
    begin: (kind) => {
      a = kind + 1;
      b = kind + 0x51ed;
      c = kind ^ 0x3c6e_f372;
    },
    field,
    word: (value) => {
      if (value < exact) {
        const small = Number(value);
        mix(small | 0);
        mix((small * high) | 0);
        return;
      }
      mix(Number(value & 0xffff_ffffn) | 0);
      mix(Number(value >> 32n) | 0);
    },
    end: () => {
      sumA = (sumA + finish(a)) | 0;
      sumB = (sumB + finish(b ^ 0x68e3_1da4)) | 0;
      sumC = (sumC + finish(c ^ 0x1b56_c4e9)) | 0;
    },
    take: (sums, at) => {
      sums[at] = sumA;
      sums[at + 1] = sumB;
      sums[at + 2] = sumC;
      sumA = 0;
      sumB = 0;
      sumC = 0;
    },
  };
}
