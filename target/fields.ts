/** A value that is not what it has to be: why, in words that go on after its name. */
export class FieldError extends Error {}

/** Takes a value as it came for what it stands for. @throws FieldError when it is none. */
export type Reader = (value: unknown) => unknown;

/** @throws FieldError, always. */
export const fail = (expected: string, value: unknown): never => {
  throw new FieldError(`${expected}, not ${shown(value)}`);
};

const longest = 40;

/** A value in few words. */
export function shown(value: unknown): string {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return `${value.length.toString()} bytes`;
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === "bigint" ? `0x${each.toString(16)}` : each,
  );
  if (text === undefined) return String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** A number as it comes: itself, or in hexadecimal or decimal digits. */
function integer(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === "string" && /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(value)
    ? BigInt(value)
    : undefined;
}

/** Reads a number of 64 bits. */
export const word: Reader = (value) => {
  const found = integer(value);
  return found !== undefined && found >= 0n && found >> 64n === 0n
    ? found
    : fail("has to be a number of 64 bits", value);
};

/** Reads a number in some bounds. */
export const number =
  (most: number, least = 0): Reader =>
  (value) => {
    const found = integer(value);
    return found !== undefined && found >= BigInt(least) && found <= BigInt(most)
      ? Number(found)
      : fail(`has to be a number from ${least.toString()} to ${most.toString()}`, value);
  };

/** Reads text. */
export const text: Reader = (value) =>
  typeof value === "string" ? value : fail("has to be text", value);

/** Reads a truth value. */
export const flag: Reader = (value) =>
  typeof value === "boolean" ? value : fail("has to be true or false", value);

/** Reads bytes: as they are, or as digits. */
export const bytes: Reader = (value) => {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string" || !/^([0-9a-f]{2})*$/i.test(value)) {
    return fail("has to be hexadecimal digits, two a byte", value);
  }
  return new Uint8Array(Buffer.from(value, "hex"));
};

/** Reads a list of what another reader reads. */
export const list =
  (each: Reader): Reader =>
  (value) =>
    Array.isArray(value) ? value.map(each) : fail("has to be a list", value);

/** Reads one of several values. */
export const among =
  (all: readonly unknown[]): Reader =>
  (value) =>
    all.includes(value) ? value : fail(`has to be among ${all.join(", ")}`, value);

/** A field of an object. */
export interface Field {
  readonly read: Reader;
  readonly needed?: true;
}
/** The fields that an object may have. */
export type Fields = Readonly<Record<string, Field>>;

/** A field that has to be there. */
export const needed = (read: Reader): Field => ({ read, needed: true });

/** Reads the fields of an object. @throws FieldError for what is missing, wrong or unknown. */
export function fieldsOf(fields: Fields, value: object): object {
  const found: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) throw new FieldError(`has the unknown field ${shown(name)}`);
    if (one === undefined || one === null) continue;
    try {
      found[name] = field.read(one);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      throw new FieldError(`has a wrong ${name}: it ${error.message}`);
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    if (field.needed && found[name] === undefined) {
      throw new FieldError(`lacks the field ${name}`);
    }
  }
  return found;
}

/** Reads an object with some fields. */
export const objectWith =
  (fields: Fields, what: string): Reader =>
  (value) =>
    typeof value === "object" && value !== null
      ? fieldsOf(fields, value)
      : fail(`has to be ${what}`, value);
