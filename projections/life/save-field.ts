import type { Field } from "../../events/field.ts";
import { count, FieldError, list } from "../../events/field.ts";
import type { Radix } from "../../tables/radix.ts";
import { emptyRadix, radixForEach, radixSet } from "../../tables/radix.ts";

/** A field for each property, in the order in which the value has them. */
export type FieldsOf<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** A field of any value type. */
export function fieldOf<T>(
  form: string,
  toJson: (value: T) => unknown,
  fromJson: (raw: unknown) => T,
): Field<T> {
  return { form, optional: false, toJson, fromJson };
}

const wrong = (form: string): never => {
  throw new FieldError(`expected ${form}`);
};

/** A value with exactly the properties of a table, those without a value included. */
export function whole<T extends object>(table: FieldsOf<T>): Field<T> {
  const columns = Object.entries(table) as unknown as readonly [string, Field<unknown>][];
  return fieldOf<T>(
    "object",
    (value) => {
      const source = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(columns.map(([name, of]) => [name, of.toJson(source[name])]));
    },
    (raw) => {
      if (typeof raw !== "object" || raw === null) return wrong("an object");
      const source = raw as Readonly<Record<string, unknown>>;
      const known = columns.filter(([name]) => source[name] !== undefined).length;
      if (known !== Object.keys(source).length) return wrong("fewer fields");
      const out: Record<string, unknown> = {};
      for (const [name, of] of columns) out[name] = named(name, () => of.fromJson(source[name]));
      return out as T;
    },
  );
}

/** Reads one field; an error names it. */
function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldError) throw new FieldError(`${name}: ${error.message}`);
    throw error;
  }
}

/** Values by number, as pairs in the order in which they are. */
export const keyed = <T>(of: Field<T>): Field<Readonly<Record<number, T>>> =>
  fieldOf<Readonly<Record<number, T>>>(
    "pairs",
    (value) => Object.entries(value).map(([key, item]) => [Number(key), of.toJson(item)]),
    (raw) => Object.fromEntries(pairsOf(of, raw)),
  );

/** Values by page number, as pairs in rising order. */
export const radixField = <T>(of: Field<T>): Field<Radix<T>> =>
  fieldOf<Radix<T>>(
    "pairs",
    (value) => {
      const pairs: unknown[] = [];
      radixForEach(value, 0, Number.MAX_SAFE_INTEGER, (page, item) => {
        pairs.push([page, of.toJson(item)]);
      });
      return pairs;
    },
    (raw) =>
      pairsOf(of, raw).reduce(
        (radix, [page, item]) => radixSet<T>(radix, page, item),
        emptyRadix<T>(),
      ),
  );

function pairsOf<T>(of: Field<T>, raw: unknown): readonly (readonly [number, T])[] {
  if (!Array.isArray(raw)) return wrong("pairs");
  return raw.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) return wrong("pairs");
    return [count.fromJson(pair[0]), of.fromJson(pair[1])] as const;
  });
}

/** A value that may be missing in a list. */
export const nullable = <T>(of: Field<T>): Field<T | undefined> =>
  fieldOf<T | undefined>(
    `${of.form} or null`,
    (value) => (value === undefined ? null : of.toJson(value)),
    (raw) => (raw === null ? undefined : of.fromJson(raw)),
  );

/** Numbers, whole and not negative but for those that name nodes. */
const anyWhole = fieldOf<number>(
  "whole number",
  (value) => value,
  (raw) => (typeof raw === "number" && Number.isInteger(raw) ? raw : wrong("a whole number")),
);

/** Lists of numbers. */
export const numberLists: Field<readonly (readonly number[])[]> = list(list(anyWhole));
