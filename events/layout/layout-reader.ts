import type { FieldValue, LayoutField, Placed } from "./layout-field.ts";
import { addressShift } from "./layout-field.ts";

/** Where a word's bytes lie while its fields are taken from it; whoever looks fills it first. */
const bytes = new DataView(new ArrayBuffer(64));

/**
 * A word of up to 512 bits as bytes, least significant first, until the next word is: cheaper to
 * take many fields from than a bigint.
 */
export function bytesOfWord(word: bigint, width: number): DataView {
  bytes.setBigUint64(0, word, true);
  for (let bit = 64; bit < width; bit += 64) {
    bytes.setBigUint64(bit >> 3, word >> BigInt(bit), true);
  }
  return bytes;
}

type Reader = (bytes: DataView, word: bigint) => FieldValue;

/** Reads a field of up to 32 bits, which at most two halves hold. */
function numberReader({ lsb, msb }: Placed): (bytes: DataView) => number {
  const at = (lsb >>> 5) * 4;
  const shift = lsb & 31;
  const bits = msb - lsb + 1;
  const mask = 2 ** bits - 1;
  if (shift + bits <= 32) return (word) => ((word.getUint32(at, true) >>> shift) & mask) >>> 0;
  const scale = 2 ** (32 - shift);
  return (word) => {
    const both = (word.getUint32(at, true) >>> shift) + word.getUint32(at + 4, true) * scale;
    return both % 2 ** bits;
  };
}

export function reader(field: LayoutField): Reader {
  if (field.kind === "uint" || field.kind === "code") return numberReader(field);
  if (field.kind === "flag") {
    const read = numberReader(field);
    return (word) => read(word) === 1;
  }
  const shift = BigInt(field.lsb);
  const bits = field.msb - field.lsb + 1;
  const up = field.kind === "address" ? addressShift(field) : 0n;
  return (_, word) => BigInt.asUintN(bits, word >> shift) << up;
}
