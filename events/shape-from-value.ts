import type { AnyField, FieldTable, Kind, Shape } from "./field.ts";
import { Flaw, flawOf } from "./flaw.ts";
import { MalformedError, nameOfValue } from "./malformed-error.ts";

/** The value as one of the reader's own. @throws Flaw when it is none. */
type Take = (value: unknown) => unknown;

const highestDevice = 0xffff;

/** What the documentation calls the values of a field, and how they are kept in memory. */
function expected(form: string, kind: Kind): string {
  if (kind.is === "word") return `${form} as a bigint`;
  if (kind.is === "bytes") return `Uint8Array of up to ${kind.longest.toString()} bytes`;
  if (kind.is === "device") return `${form}, as an integer 0 to ${highestDevice.toString()}`;
  return form;
}

const isBetween = (value: unknown, low: number, high: number): boolean =>
  Number.isInteger(value) && Number(value) >= low && Number(value) <= high;

/** Tells values of a kind that holds no others. */
function testOf(kind: Kind): (value: unknown) => boolean {
  switch (kind.is) {
    case "word": {
      const limit = 1n << BigInt(kind.bits);
      const below = (1n << BigInt(kind.zeros)) - 1n;
      if (below === 0n) return (value) => typeof value === "bigint" && value >= 0n && value < limit;
      return (value) =>
        typeof value === "bigint" && value >= 0n && value < limit && (value & below) === 0n;
    }
    case "integer": {
      const { low, high } = kind;
      return (value) => isBetween(value, low, high);
    }
    case "device":
      return (value) => isBetween(value, 0, highestDevice);
    case "flag":
      return (value) => typeof value === "boolean";
    case "text":
      return (value) => typeof value === "string" && value.length <= kind.longest;
    case "choice":
      return (value) => typeof value === "string" && kind.choices.includes(value);
    case "bytes":
      // A proxy of an array is no view, and its length may be anything.
      return (value) =>
        value instanceof Uint8Array &&
        ArrayBuffer.isView(value) &&
        value.byteLength <= kind.longest;
    default:
      return () => false;
  }
}

function takerOf({ form, kind }: AnyField): Take {
  if (kind === undefined) throw new Error(`${form}: values of this form cannot be told`);
  if (kind.is === "object") return recordTaker(kind.shape);
  const wanted = expected(form.replace(/, optional$/, ""), kind);
  const fail = (value: unknown): never => {
    throw new Flaw("", `expected ${wanted}, found ${nameOfValue(value)}`);
  };
  if (kind.is === "list") {
    const take = takerOf(kind.of);
    return (value) => (Array.isArray(value) ? takeList(value, take) : fail(value));
  }
  const isOne = testOf(kind);
  switch (kind.is) {
    case "bytes":
      return (value) => (isOne(value) ? new Uint8Array(value as Uint8Array) : fail(value));
    case "integer":
    case "device":
      // -0 is 0.
      return (value) => (isOne(value) ? Number(value) + 0 : fail(value));
    default:
      return (value) => (isOne(value) ? value : fail(value));
  }
}

function takeList(values: readonly unknown[], take: Take): readonly unknown[] {
  const taken: unknown[] = [];
  for (let index = 0; index < values.length; index++) {
    try {
      taken.push(take(values[index]));
    } catch (error) {
      throw flawOf(error).within(`[${index.toString()}]`);
    }
  }
  return taken;
}

interface Column {
  readonly optional: boolean;
  readonly take: Take;
}

type Columns = ReadonlyMap<string, Column>;

/** Puts what a field has to be in the place of what it is. */
function settle(copy: Record<string, unknown>, name: string, { optional, take }: Column): void {
  const value = copy[name];
  if (value === undefined && optional) {
    delete copy[name];
    return;
  }
  try {
    const taken = take(value);
    if (!Object.is(taken, value)) copy[name] = taken;
  } catch (error) {
    throw flawOf(error).within(name);
  }
}

const columnsOf = (table: FieldTable): Columns =>
  new Map(
    Object.entries(table).map(([name, of]) => [name, { optional: of.optional, take: takerOf(of) }]),
  );

/** A copy of an object's own fields. @throws Flaw that names the field that cannot be read. */
function copyOf(value: object): Record<string, unknown> {
  try {
    return { ...value };
  } catch {
    for (const name of Object.keys(value)) {
      try {
        Reflect.get(value, name);
      } catch {
        throw new Flaw(name.slice(0, 80), "cannot be read");
      }
    }
    throw new Flaw("", "cannot be read");
  }
}

/**
 * Takes the own fields of an object. It copies the object first and goes through the names that the
 * copy has: each is read once, and it costs a tenth of asking for each that there may be.
 */
function recordTaker(table: FieldTable): Take {
  const columns = columnsOf(table);
  const required = [...columns].filter(([, { optional }]) => !optional);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Flaw("", `expected an object, found ${nameOfValue(value)}`);
    }
    const copy = copyOf(value);
    let met = 0;
    for (const name in copy) {
      const column = columns.get(name);
      if (column === undefined) throw new Flaw(name.slice(0, 80), "unknown field");
      settle(copy, name, column);
      if (!column.optional) met++;
    }
    if (met < required.length) {
      for (const [name, column] of required) settle(copy, name, column);
    }
    return copy;
  };
}

const takers = new WeakMap<FieldTable, Take>();

function knownTaker(table: FieldTable): Take {
  const known = takers.get(table) ?? recordTaker(table);
  takers.set(table, known);
  return known;
}

/**
 * What reading a value gives, or the one error: also where the value's own code throws.
 *
 * @param subject  what is read, for the error.
 * @throws MalformedError
 */
export function reading<T>(subject: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { path, reason } = flawOf(error);
    throw error instanceof MalformedError ? error : new MalformedError(subject, path, reason);
  }
}

/**
 * A copy of an object that has the fields of a table and no others. Nothing of the caller's is kept
 * in it, so that it stays as it was checked.
 *
 * @param subject  what it is, for the error.
 * @throws MalformedError that names the first field that is missing, unknown or out of its range.
 */
export const shapeFromValue = <S extends FieldTable>(
  subject: string,
  table: S,
  value: unknown,
): Shape<S> => reading(subject, () => knownTaker(table)(value) as Shape<S>);
