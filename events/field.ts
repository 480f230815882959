// Length: one table of every kind of field, with the JSON form of each.

import type { Gpa, Hpa, Iova, SourceId } from "./address.ts";
import { formatSourceId, parseSourceId } from "./address.ts";
import { bytesOfHex, hexOfBytes } from "./hex-bytes.ts";
import { quoted } from "./log/excerpt.ts";

/** A value that does not fit its field; the log codec adds the line. */
export class FieldError extends Error {}

/** Which values a field has, by which they are checked, copied and drawn. */
export type Kind =
  /** Of `bits` bits, the lowest `zeros` of which are 0. */
  | { readonly is: "word"; readonly bits: number; readonly zeros: number }
  | { readonly is: "integer"; readonly low: number; readonly high: number }
  | { readonly is: "flag" | "device" }
  /** Of up to `longest` UTF-16 units, or bytes. */
  | { readonly is: "text" | "bytes"; readonly longest: number }
  | { readonly is: "choice"; readonly choices: readonly string[] }
  | { readonly is: "list"; readonly of: AnyField }
  | { readonly is: "object"; readonly shape: FieldTable };

/** How one field of an event is written in JSON, checked and described. */
export interface Field<T> {
  /** What the documentation calls it, e.g. `GPA` or `integer 0 to 7`. */
  readonly form: string;
  /** None where the field has a form of its own, as in ACPI tables and save records. */
  readonly kind?: Kind | undefined;
  readonly optional: boolean;
  /** The JSON form of a value. */
  readonly toJson: (value: T) => unknown;
  /** The value of a JSON form. @throws FieldError when `raw` is not of this form. */
  readonly fromJson: (raw: unknown) => T;
}

/** A field of any value type. */
export interface AnyField {
  readonly form: string;
  readonly kind?: Kind | undefined;
  readonly optional: boolean;
  /** The JSON form of a value. */
  readonly toJson: (value: never) => unknown;
  /** The value of a JSON form. @throws FieldError */
  readonly fromJson: (raw: unknown) => unknown;
}

/** A table of fields: the shape of one event's body. */
export type FieldTable = Readonly<Record<string, AnyField>>;

/** The value type of a field. */
export type ValueOf<F> = F extends { readonly fromJson: (raw: unknown) => infer T } ? T : never;

/** The event body that a table of fields describes; optional fields may be missing. */
export type Shape<S extends FieldTable> = {
  readonly [K in keyof S as undefined extends ValueOf<S[K]> ? never : K]: ValueOf<S[K]>;
} & {
  readonly [K in keyof S as undefined extends ValueOf<S[K]> ? K : never]?: Exclude<
    ValueOf<S[K]>,
    undefined
  >;
};

function field<T>(
  form: string,
  kind: Kind,
  toJson: (value: T) => unknown,
  fromJson: (raw: unknown) => T,
): Field<T> {
  return { form, kind, optional: false, toJson, fromJson };
}

const wrong = (form: string, raw: unknown): never => {
  throw new FieldError(`expected ${form}, found ${quoted(raw)}`);
};

function hexadecimal<T extends bigint>(form: string, bits: number, zeros = 0): Field<T> {
  const limit = 1n << BigInt(bits);
  const below = (1n << BigInt(zeros)) - 1n;
  const fromJson = (raw: unknown): T => {
    if (typeof raw !== "string" || !/^0x[0-9a-f]{1,40}$/i.test(raw)) return wrong(form, raw);
    const value = BigInt(raw);
    return value < limit && (value & below) === 0n ? (value as T) : wrong(form, raw);
  };
  return field<T>(
    form,
    { is: "word", bits, zeros },
    (value) => `0x${value.toString(16)}`,
    fromJson,
  );
}

/** A 64-bit word, `"0x…"`. */
export const word: Field<bigint> = hexadecimal("64-bit word", 64);
/** A 128- or 256-bit entry or descriptor, `"0x…"`. */
export const wideWord: Field<bigint> = field<bigint>(
  "word of up to 256 bits",
  { is: "word", bits: 256, zeros: 0 },
  (value) => `0x${value.toString(16)}`,
  (raw) =>
    typeof raw === "string" && /^0x[0-9a-f]{1,64}$/i.test(raw)
      ? BigInt(raw)
      : wrong("word of up to 256 bits", raw),
);
/** Addresses in bytes, `"0x…"`. */
export const iovaField: Field<Iova> = hexadecimal<Iova>("IOVA", 64);
/** The address of a page of 4 KiB. */
export const pageField: Field<Iova> = hexadecimal<Iova>("page-aligned IOVA", 64, 12);
export const gpaField: Field<Gpa> = hexadecimal<Gpa>("GPA", 64);
export const hpaField: Field<Hpa> = hexadecimal<Hpa>("HPA", 64);
/** A length in bytes, `"0x…"`; up to 2^64, which is everything. */
export const length: Field<bigint> = hexadecimal("length in bytes", 65);

/** A JSON number, whole, from `low` to `high`. */
export function integer(low: number, high: number): Field<number> {
  const form = `integer ${low} to ${high}`;
  return field<number>(
    form,
    { is: "integer", low, high },
    (value) => value,
    (raw) =>
      typeof raw === "number" && Number.isInteger(raw) && raw >= low && raw <= high
        ? raw
        : wrong(form, raw),
  );
}

/** A sequence number or a count. */
export const count: Field<number> = integer(0, Number.MAX_SAFE_INTEGER);

export const flag: Field<boolean> = field<boolean>(
  "true or false",
  { is: "flag" },
  (value) => value,
  (raw) => (typeof raw === "boolean" ? raw : wrong("true or false", raw)),
);

const longestText = 10_000;

export const text: Field<string> = field<string>(
  "text",
  { is: "text", longest: longestText },
  (value) => value,
  (raw) => (typeof raw === "string" && raw.length <= longestText ? raw : wrong("text", raw)),
);

const longestRecord = 2 ** 25;

/** What a unit was saved as: text of up to 32 Mi characters. */
export const saved: Field<string> = field<string>(
  "save record",
  { is: "text", longest: longestRecord },
  (value) => value,
  (raw) =>
    typeof raw === "string" && raw.length <= longestRecord ? raw : wrong("save record", raw),
);

/** A source-id, written `"00:04.0"`. */
export const device: Field<SourceId> = field<SourceId>(
  "source-id like 00:04.0",
  { is: "device" },
  (value) => formatSourceId(value),
  (raw) =>
    (typeof raw === "string" ? parseSourceId(raw) : undefined) ??
    wrong("source-id like 00:04.0", raw),
);

const mostBytes = 2 ** 20;

/** Bytes in memory order, two hexadecimal digits each, without a prefix. At most 1 MiB. */
export const bytes: Field<Uint8Array> = field<Uint8Array>(
  "bytes in hexadecimal",
  { is: "bytes", longest: mostBytes },
  hexOfBytes,
  (raw) =>
    typeof raw === "string" &&
    raw.length % 2 === 0 &&
    raw.length <= 2 * mostBytes &&
    /^[0-9a-f]*$/i.test(raw)
      ? bytesOfHex(raw)
      : wrong("bytes in hexadecimal", raw),
);

/** One of a few words. */
export function oneOf<const T extends string>(...choices: readonly T[]): Field<T> {
  const form = choices.join(" | ");
  return field<T>(
    form,
    { is: "choice", choices },
    (value) => value,
    (raw) => choices.find((choice) => choice === raw) ?? wrong(form, raw),
  );
}

/** The same field, which may be missing. */
export function optional<T>(of: Field<T>): Field<T | undefined> {
  return {
    form: `${of.form}, optional`,
    kind: of.kind,
    optional: true,
    toJson: (value) => (value === undefined ? undefined : of.toJson(value)),
    fromJson: (raw) => (raw === undefined ? undefined : of.fromJson(raw)),
  };
}

/** A list of values of one field. */
export function list<T>(of: Field<T>): Field<readonly T[]> {
  const form = `list of ${of.form}`;
  return field<readonly T[]>(
    form,
    { is: "list", of },
    (values) => values.map((value) => of.toJson(value)),
    (raw) => (Array.isArray(raw) ? raw.map((item) => of.fromJson(item)) : wrong(form, raw)),
  );
}

/** An object with named fields and no others. */
export function record<S extends FieldTable>(shape: S): Field<Shape<S>> {
  return field<Shape<S>>(
    "object",
    { is: "object", shape },
    (value) => shapeToJson(shape, value),
    (raw) => shapeFromJson(shape, raw),
  );
}

type Fields = Readonly<Record<string, Field<unknown>>>;

/** The JSON form of a body; fields in the order of the table. */
export function shapeToJson(shape: FieldTable, value: object): object {
  const out: Record<string, unknown> = {};
  const source = value as Readonly<Record<string, unknown>>;
  for (const [name, of] of Object.entries(shape as unknown as Fields)) {
    const item = source[name];
    if (item !== undefined) out[name] = of.toJson(item);
  }
  return out;
}

/**
 * The body that a JSON object describes.
 *
 * @throws FieldError when a field is missing, of the wrong form, or not in the table.
 */
export function shapeFromJson<S extends FieldTable>(shape: S, raw: unknown): Shape<S> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return wrong("object", raw);
  const source = raw as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(source)) {
    if (!Object.hasOwn(shape, name)) throw new FieldError(`unknown field ${quoted(name)}`);
  }
  const out: Record<string, unknown> = {};
  for (const [name, of] of Object.entries(shape as unknown as Fields)) {
    try {
      const value = of.fromJson(source[name]);
      if (value !== undefined) out[name] = value;
    } catch (error) {
      if (error instanceof FieldError) throw new FieldError(`${name}: ${error.message}`);
      throw error;
    }
  }
  return out as Shape<S>;
}
