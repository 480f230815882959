import type { LayoutFields, Placed } from "./layout-field.ts";
import { bitMask, fieldMask } from "./layout-field.ts";
import { bytesOfWord } from "./layout-reader.ts";

/**
 * Where a field lies among the 32-bit halves of its word, in plain numbers: for code that reads
 * entries millions of times a second, where a bigint for each costs too much.
 */
export interface FieldHalves {
  /** The half that holds the field's lowest bit; 0 is the lowest of the word. */
  readonly half: number;
  /** How far up in that half. */
  readonly shift: number;
  /** The field's bits of that half, in place, with the sign that `&` gives them. */
  readonly mask: number;
  /** Its bits of the next half; 0 when it ends before. */
  readonly above: number;
}

/** The place of one field in halves. @throws RangeError when it reaches into a third half. */
export function halvesOfField(field: Placed): FieldHalves {
  const half = field.lsb >>> 5;
  if (field.msb >>> 5 > half + 1) throw new RangeError(`in more than two halves: ${field.doc}`);
  const [mask = 0, above = 0] = maskHalves(fieldMask(field) >> BigInt(half * 32), 64);
  return { half, shift: field.lsb & 31, mask, above };
}

type EachField<F, T> = { readonly [K in keyof F]: T };

interface Fields<F> {
  readonly fields: F;
}

/** The places of all fields of a layout. */
export const fieldHalves = <F extends LayoutFields>({
  fields,
}: Fields<F>): EachField<F, FieldHalves> => {
  const places = Object.entries(fields).map(([name, field]) => [name, halvesOfField(field)]);
  return Object.fromEntries(places) as EachField<F, FieldHalves>;
};

/**
 * The bits of each field of a layout in the half that holds its lowest bit, with the sign that `&`
 * gives them. Walks take them as numbers of their own: a look into a record for each costs a tenth.
 */
export const halfMasks = <F extends LayoutFields>({ fields }: Fields<F>): EachField<F, number> => {
  const masks = Object.entries(fields).map(([name, field]) => [name, halvesOfField(field).mask]);
  return Object.fromEntries(masks) as EachField<F, number>;
};

/** A mask of `width` bits in halves, lowest first, with the sign that `&` gives them. */
export function maskHalves(mask: bigint, width: number): Int32Array {
  const bytes = bytesOfWord(mask & bitMask(width - 1, 0), width);
  return Int32Array.from({ length: width / 32 }, (_, half) => bytes.getInt32(half * 4, true));
}

/** The value of a field that one half holds, taken from that half. */
export const numberIn = ({ shift, mask }: FieldHalves, half: number): number =>
  (half & mask) >>> shift;
