/** `[msb, lsb]`, both included; either order is accepted. Bit 0 is the lowest bit of the word. */
export type BitRange = readonly [number, number];

/** Where a field lies in its word, and what it means. */
export interface Placed {
  readonly msb: number;
  readonly lsb: number;
  readonly doc: string;
}

/** The names of a field's values; a value without a name is reserved. */
export type CodeNames = Readonly<Record<string, number>>;

/** One bit, a boolean. */
export type FlagField = Placed & { readonly kind: "flag" };

/** A number of up to 32 bits. */
export type UintField = Placed & { readonly kind: "uint" };

/** A number whose values have names. */
export type CodeField<N extends CodeNames = CodeNames> = Placed & {
  readonly kind: "code";
  readonly names: N;
};

/** Bits of an address, a bigint with the bits below them as 0. */
export type AddressField = Placed & { readonly kind: "address" };

/** A number of more than 32 bits, a bigint. */
export type WideField = Placed & { readonly kind: "wide" };

/** A field of any kind. */
export type LayoutField = FlagField | UintField | CodeField | AddressField | WideField;

/** The fields of a word, by name. */
export type LayoutFields = Readonly<Record<string, LayoutField>>;

/** What a field decodes to. */
export type FieldValue = boolean | number | bigint;

/** A mask of the bits from `msb` down to `lsb`; 0 when `msb` is below `lsb`. */
export function bitMask(msb: number, lsb: number): bigint {
  return msb < lsb ? 0n : ((1n << BigInt(msb - lsb + 1)) - 1n) << BigInt(lsb);
}

export const placed = ([a, b]: BitRange, doc: string): Placed => ({
  msb: Math.max(a, b),
  lsb: Math.min(a, b),
  doc,
});

function atMost32(range: BitRange, doc: string): Placed {
  const at = placed(range, doc);
  if (at.msb - at.lsb >= 32) throw new RangeError(`[${range}] is wider than 32 bits: ${doc}`);
  return at;
}

/** One bit, decoded as a boolean. */
export const flag = (bit: number, doc: string): FlagField => ({
  kind: "flag",
  ...placed([bit, bit], doc),
});

/** A number of up to 32 bits. @throws RangeError when wider. */
export const uint = (range: BitRange, doc: string): UintField => ({
  kind: "uint",
  ...atMost32(range, doc),
});

/** A number of up to 32 bits whose values have names. @throws RangeError when wider. */
export const code = <const N extends CodeNames>(
  range: BitRange,
  names: N,
  doc: string,
): CodeField<N> => ({ kind: "code", names, ...atMost32(range, doc) });

/** A byte address: the bits at their place in the 64-bit word that holds them, lower bits 0. */
export const address = (range: BitRange, doc: string): AddressField => ({
  kind: "address",
  ...placed(range, doc),
});

/** A number of any width, shifted down. */
export const wide = (range: BitRange, doc: string): WideField => ({
  kind: "wide",
  ...placed(range, doc),
});

/** The bits of a field, in place. */
export const fieldMask = (field: Placed): bigint => bitMask(field.msb, field.lsb);

/** How far an address lies from where its lowest bit would be when shifted down. */
export const addressShift = (field: AddressField): bigint => BigInt(field.lsb % 64);
