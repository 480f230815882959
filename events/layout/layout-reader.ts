import type { FieldValue, LayoutField, Placed } from "./layout-field.ts";
import { addressShift } from "./layout-field.ts";

/** Where a word's bytes lie while its fields are taken from it; whoever looks fills it first. */
const words = new BigUint64Array(8);
const bytes = new DataView(words.buffer);

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Puts 64 bits, least significant first; a view's own way costs eight times as much. */
function put(index: number, word: bigint): void {
  if (isLittleEndian) words[index] = word;
  else bytes.setBigUint64(index * 8, word, true);
}

/**
 * A word of up to 512 bits as bytes, least significant first, until the next word is: cheaper to
 * take many fields from than a bigint.
 */
export function bytesOfWord(word: bigint, width: number): DataView {
  put(0, word);
  for (let bit = 64; bit < width; bit += 64) put(bit >> 6, word >> BigInt(bit));
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

/** Reads one field of a word without taking the rest apart. */
export function fieldReader(field: LayoutField): (word: bigint) => FieldValue {
  if (field.kind === "address" || field.kind === "wide") {
    const read = reader(field);
    return (word) => read(bytes, word);
  }
  const base = field.lsb & ~31;
  const read = reader({ ...field, lsb: field.lsb - base, msb: field.msb - base });
  if (base === 0) {
    return (word) => {
      put(0, word);
      return read(bytes, word);
    };
  }
  const down = BigInt(base);
  return (word) => {
    put(0, word >> down);
    return read(bytes, word);
  };
}
