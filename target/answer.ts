import type { Ability, Answers, Operation, TargetMessage } from "./implementation.ts";
import { abilities } from "./implementation.ts";

/** An answer that is none: why, in words that go on after what was asked. */
export class AnswerError extends Error {}

type Reader = (value: unknown) => unknown;

const fail = (expected: string, value: unknown): never => {
  throw new AnswerError(`${expected}, not ${shown(value)}`);
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

const word: Reader = (value) => {
  const found = integer(value);
  return found !== undefined && found >= 0n && found >> 64n === 0n
    ? found
    : fail("has to be a number of 64 bits", value);
};

const number =
  (most: number): Reader =>
  (value) => {
    const found = integer(value);
    return found !== undefined && found >= 0n && found <= BigInt(most)
      ? Number(found)
      : fail(`has to be a number from 0 to ${most.toString()}`, value);
  };

const text: Reader = (value) => (typeof value === "string" ? value : fail("has to be text", value));

const flag: Reader = (value) =>
  typeof value === "boolean" ? value : fail("has to be true or false", value);

const bytes: Reader = (value) => {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string" || !/^([0-9a-f]{2})*$/i.test(value)) {
    return fail("has to be hexadecimal digits, two a byte", value);
  }
  return new Uint8Array(Buffer.from(value, "hex"));
};

const list =
  (each: Reader): Reader =>
  (value) =>
    Array.isArray(value) ? value.map(each) : fail("has to be a list", value);

const ability: Reader = (value) =>
  abilities.includes(value as Ability)
    ? value
    : fail(`has to be among ${abilities.join(", ")}`, value);

interface Field {
  readonly read: Reader;
  readonly needed?: true;
}
type Fields = Readonly<Record<string, Field>>;

/** Reads the fields of an object. @throws AnswerError for what is missing, wrong or unknown. */
function fieldsOf(fields: Fields, value: object): object {
  const found: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) throw new AnswerError(`has the unknown field ${shown(name)}`);
    if (one === undefined || one === null) continue;
    try {
      found[name] = field.read(one);
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      throw new AnswerError(`has a wrong ${name}: it ${error.message}`);
    }
  }
  for (const [name, { needed }] of Object.entries(fields)) {
    if (needed && found[name] === undefined) throw new AnswerError(`lacks the field ${name}`);
  }
  return found;
}

const message: Reader = (value) =>
  typeof value === "object" && value !== null
    ? (fieldsOf(
        {
          address: { read: word, needed: true },
          data: { read: number(2 ** 32 - 1), needed: true },
        },
        value,
      ) as TargetMessage)
    : fail("has to be an address and data", value);

const codes = ["success", "invalid", "failure"];
const code: Reader = (value) =>
  codes.includes(String(value)) ? value : fail(`has to be among ${codes.join(", ")}`, value);
const response: Reader = (value) =>
  typeof value === "object" && value !== null
    ? fieldsOf(
        {
          ...{ source: { read: number(0xffff), needed: true }, pasid: { read: number(0xf_ffff) } },
          ...{ group: { read: number(511), needed: true }, code: { read: code, needed: true } },
        },
        value,
      )
    : fail("has to be a source, a group and a code", value);

const besides: Fields = {
  messages: { read: list(message) },
  responses: { read: list(response) },
  note: { read: text },
};
const fault: Field = { read: number(255) };
const someBytes: Fields = { ...besides, bytes: { read: bytes, needed: true } };

const answers: Readonly<Record<Operation, Fields>> = {
  hello: {
    ...{ name: { read: text, needed: true }, version: { read: number(255), needed: true } },
    ...{ ver: { read: word, needed: true }, cap: { read: word, needed: true } },
    ...{ ecap: { read: word, needed: true }, can: { read: list(ability) } },
  },
  reset: besides,
  writeRegister: besides,
  readRegisters: someBytes,
  writeMemory: besides,
  readMemory: someBytes,
  dma: {
    ...{ ...besides, at: { read: word }, size: { read: word }, bytes: { read: bytes } },
    ...{ fault, suppressed: { read: flag }, blocked: { read: flag } },
  },
  interrupt: { ...besides, address: { read: word }, data: { read: number(2 ** 32 - 1) }, fault },
  translate: { ...besides, at: { read: word }, read: { read: flag }, write: { read: flag }, fault },
  pageRequest: besides,
  deviceAnswer: besides,
};

/** The names of the fields that an answer may have, by what was asked. */
export const answerFields: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(answers).map(([name, fields]) => [name, Object.keys(fields)]),
);

/**
 * Reads an answer: of JSON, numbers as digits and bytes as hexadecimal ones, or of a method.
 *
 * @throws AnswerError when it is not one to this request.
 */
export function answerOf<O extends Operation>(operation: O, value: unknown): Answers[O] {
  const found = value === undefined ? {} : value;
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new AnswerError(`has to be an object, not ${shown(found)}`);
  }
  if ("error" in found) throw new AnswerError(`is an error: ${String(found.error)}`);
  return fieldsOf(answers[operation], found) as Answers[O];
}
