import { frozen } from "../frozen.ts";
import type {
  AddressField,
  BitRange,
  FieldValue,
  FlagField,
  LayoutField,
  LayoutFields,
  Placed,
  WideField,
} from "./layout-field.ts";
import { addressShift, fieldMask, placed } from "./layout-field.ts";
import { bytesOfWord, fieldReader, reader } from "./layout-reader.ts";

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
  /** The value of each field of a word. */
  readonly decode: (word: bigint) => Readonly<Record<string, FieldValue>>;
}

/** How a word of `width` bits is divided into fields and reserved bits. */
export interface Layout<F extends LayoutFields> extends AnyLayout {
  readonly fields: F;
  /** The value of each field of a word. */
  readonly decode: (word: bigint) => Decoded<F>;
  /** The word with these fields, other bits 0. @throws RangeError when a value does not fit. */
  readonly encode: (values: Partial<Decoded<F>>) => bigint;
  /** The bits of a field, in place. */
  readonly mask: (field: keyof F & string) => bigint;
}

/** The bits of each field, in place: a table for code that asks often. */
export const masksOf = <F extends LayoutFields>({
  fields,
}: Layout<F>): { readonly [K in keyof F]: bigint } => {
  const masks = Object.entries(fields).map(([name, field]) => [name, fieldMask(field)]);
  return Object.fromEntries(masks) as { readonly [K in keyof F]: bigint };
};

/** A reader for each field: for code that asks often, and only for a few of them. */
export const readersOf = <F extends LayoutFields>({
  fields,
}: Layout<F>): { readonly [K in keyof F]: (word: bigint) => ValueOf<F[K]> } => {
  const readers = Object.entries(fields).map(([name, field]) => [name, fieldReader(field)]);
  return Object.fromEntries(readers) as {
    readonly [K in keyof F]: (word: bigint) => ValueOf<F[K]>;
  };
};

/** The layout type's decoded form: `DecodedBy<typeof ContextEntry>`. */
export type DecodedBy<L extends AnyLayout> = ReturnType<L["decode"]>;

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
    const bytes = bytesOfWord(word, width);
    for (const [key, read] of readers) out[key] = read(bytes, word);
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
  return frozen({
    name,
    width,
    fields,
    reserved: reserved.map(({ msb, lsb }) => [msb, lsb] as const),
    reservedMask: reserved.reduce((mask, range) => mask | fieldMask(range), 0n),
    decode,
    encode,
    mask: (field: keyof F) => fieldMask(fields[field] as LayoutField),
  });
}
