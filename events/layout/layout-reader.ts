import type { FieldValue, LayoutField, Placed } from "./layout-field.ts";
import { addressShift } from "./layout-field.ts";

/**
 * A word as 32-bit halves, least significant first: cheaper to take many fields from than a bigint.
 */
export function halvesOf(word: bigint, width: number): readonly number[] {
  const halves: number[] = [];
  for (let shift = 0, rest = word; shift < width; shift += 32, rest >>= 32n) {
    halves.push(Number(BigInt.asUintN(32, rest)));
  }
  return halves;
}

type Reader = (halves: readonly number[], word: bigint) => FieldValue;

/** Reads a field of up to 32 bits, which at most two halves hold. */
function numberReader({ lsb, msb }: Placed): (halves: readonly number[]) => number {
  const index = lsb >>> 5;
  const shift = lsb & 31;
  const bits = msb - lsb + 1;
  const mask = 2 ** bits - 1;
  if (shift + bits <= 32) return (halves) => (((halves[index] as number) >>> shift) & mask) >>> 0;
  const scale = 2 ** (32 - shift);
  return (halves) => {
    const both = ((halves[index] as number) >>> shift) + (halves[index + 1] as number) * scale;
    return both % 2 ** bits;
  };
}

export function reader(field: LayoutField): Reader {
  if (field.kind === "uint" || field.kind === "code") return numberReader(field);
  if (field.kind === "flag") {
    const read = numberReader(field);
    return (halves) => read(halves) === 1;
  }
  const shift = BigInt(field.lsb);
  const bits = field.msb - field.lsb + 1;
  const up = field.kind === "address" ? addressShift(field) : 0n;
  return (_, word) => BigInt.asUintN(bits, word >> shift) << up;
}
