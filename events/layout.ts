/** `[msb, lsb]`, both included; either order is accepted. Bit 0 is the lowest bit of the word. */
export type BitRange = readonly [number, number];

interface Placed {
  readonly msb: number;
  readonly lsb: number;
  readonly doc: string;
}

/** The names of a field's values; a value without a name is reserved. */
export type CodeNames = Readonly<Record<string, number>>;

export type FlagField = Placed & { readonly kind: "flag" };
export type UintField = Placed & { readonly kind: "uint" };
export type CodeField<N extends CodeNames = CodeNames> = Placed & {
  readonly kind: "code";
  readonly names: N;
};
export type AddressField = Placed & { readonly kind: "address" };
export type WideField = Placed & { readonly kind: "wide" };

export type LayoutField = FlagField | UintField | CodeField | AddressField | WideField;
export type LayoutFields = Readonly<Record<string, LayoutField>>;
export type FieldValue = boolean | number | bigint;

type ValueOf<F extends LayoutField> = F extends FlagField
  ? boolean
  : F extends AddressField | WideField
    ? bigint
    : number;

/** A word taken apart: a value for each field. */
export type Decoded<F extends LayoutFields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** What every layout has, whatever its fields; documentation and generators need no more. */
export interface AnyLayout {
  readonly name: string;
  /** In bits. */
  readonly width: number;
  readonly fields: LayoutFields;
  readonly reserved: readonly BitRange[];
  /** The bits that are reserved whatever the capabilities are. */
  readonly reservedMask: bigint;
  readonly decode: (word: bigint) => Readonly<Record<string, FieldValue>>;
}

/** How a word of `width` bits is divided into fields and reserved bits. */
export interface Layout<F extends LayoutFields> extends AnyLayout {
  readonly fields: F;
  readonly decode: (word: bigint) => Decoded<F>;
  /** The word with these fields, other bits 0. @throws RangeError when a value does not fit. */
  readonly encode: (values: Partial<Decoded<F>>) => bigint;
  /** The bits of a field, in place. */
  readonly mask: (field: keyof F & string) => bigint;
}

/** The layout type's decoded form: `DecodedBy<typeof ContextEntry>`. */
export type DecodedBy<L extends AnyLayout> = ReturnType<L["decode"]>;

/** A mask of the bits from `msb` down to `lsb`; 0 when `msb` is below `lsb`. */
export function bitMask(msb: number, lsb: number): bigint {
  return msb < lsb ? 0n : ((1n << BigInt(msb - lsb + 1)) - 1n) << BigInt(lsb);
}

const placed = ([a, b]: BitRange, doc: string): Placed => ({
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
const addressShift = (field: AddressField): bigint => BigInt(field.lsb % 64);

/**
 * A word as 32-bit halves, least significant first: cheaper to take many fields from than a bigint.
 */
function halvesOf(word: bigint, width: number): readonly number[] {
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

function reader(field: LayoutField): Reader {
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

/**
 * A value as the bits of its field, in place.
 *
 * @throws RangeError when the value is negative, too large, or an address with bits outside it.
 */
export function placeField(field: LayoutField, value: FieldValue): bigint {
  const raw = BigInt(value);
  const up = field.kind === "address" ? addressShift(field) : 0n;
  const low = raw >> up;
  if (raw < 0n || low << up !== raw || low >> BigInt(field.msb - field.lsb + 1) !== 0n) {
    throw new RangeError(`${value} does not fit bits [${field.msb}:${field.lsb}]: ${field.doc}`);
  }
  return low << BigInt(field.lsb);
}

/** @throws RangeError naming the first bit that two ranges claim, or none, or outside the word. */
function checkTiling(name: string, width: number, ranges: readonly Placed[]): void {
  const sorted = ranges.toSorted((a, b) => a.lsb - b.lsb);
  let next = 0;
  for (const { msb, lsb } of sorted) {
    if (lsb > next) throw new RangeError(`${name}: bit ${next} is neither a field nor reserved`);
    if (lsb < next) throw new RangeError(`${name}: bit ${lsb} is claimed twice`);
    next = msb + 1;
  }
  if (next > width) throw new RangeError(`${name}: bit ${width} is outside the word`);
  if (next < width) throw new RangeError(`${name}: bit ${next} is neither a field nor reserved`);
}

/**
 * Declares a word once; everything else derives from the result.
 *
 * @throws RangeError when fields and reserved ranges do not tile the word exactly.
 */
export function layout<const F extends LayoutFields>(table: {
  readonly name: string;
  readonly width: number;
  readonly fields: F;
  readonly reserved: readonly BitRange[];
}): Layout<F> {
  const { name, width, fields } = table;
  const reserved = table.reserved.map((range) => placed(range, "reserved"));
  checkTiling(name, width, [...Object.values(fields), ...reserved]);
  const readers = Object.entries(fields).map(([key, field]) => [key, reader(field)] as const);
  const decode = (word: bigint): Decoded<F> => {
    const out: Record<string, FieldValue> = {};
    const halves = halvesOf(word, width);
    for (const [key, read] of readers) out[key] = read(halves, word);
    return out as Decoded<F>;
  };
  const encode = (values: Partial<Decoded<F>>): bigint => {
    let word = 0n;
    for (const [key, field] of Object.entries(fields)) {
      const value: FieldValue | undefined = values[key];
      if (value !== undefined) word |= placeField(field, value);
    }
    return word;
  };
  return {
    name,
    width,
    fields,
    reserved: reserved.map(({ msb, lsb }) => [msb, lsb] as const),
    reservedMask: reserved.reduce((mask, range) => mask | fieldMask(range), 0n),
    decode,
    encode,
    mask: (field) => fieldMask(fields[field] as LayoutField),
  };
}
