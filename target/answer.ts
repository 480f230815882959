import { inOneLine } from "./connection/connection.ts";
import type { Field, Fields } from "./fields.ts";
import {
  among,
  bytes,
  FieldError,
  fieldsOf,
  flag,
  list,
  needed,
  number,
  objectWith,
  shown,
  text,
  word,
} from "./fields.ts";
import type { Answers, Operation } from "./implementation.ts";
import { abilities } from "./implementation.ts";

const data = number(2 ** 32 - 1);
const message = objectWith({ address: needed(word), data: needed(data) }, "an address and data");
const response = objectWith(
  {
    ...{ source: needed(number(0xffff)), pasid: { read: number(0xf_ffff) } },
    ...{ group: needed(number(511)), code: needed(among(["success", "invalid", "failure"])) },
  },
  "a source, a group and a code",
);

const besides: Fields = {
  messages: { read: list(message) },
  responses: { read: list(response) },
  note: { read: text },
};
const fault: Field = { read: number(255) };
const someBytes: Fields = { ...besides, bytes: needed(bytes) };

/** The fields of an answer, by what was asked. */
export const answers: Readonly<Record<Operation, Fields>> = {
  hello: {
    ...{ name: needed(text), version: needed(number(255)) },
    ...{ ver: needed(word), cap: needed(word), ecap: needed(word) },
    can: { read: list(among(abilities)) },
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
  interrupt: { ...besides, address: { read: word }, data: { read: data }, fault },
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
 * @throws FieldError when it is not one to this request.
 */
export function answerOf<O extends Operation>(operation: O, value: unknown): Answers[O] {
  const found = value === undefined ? {} : value;
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw new FieldError(`has to be an object, not ${shown(found)}`);
  }
  if ("error" in found) {
    const { error } = found;
    const told = typeof error === "string" ? inOneLine(error) : shown(error);
    throw new FieldError(`is an error: ${told}`);
  }
  return fieldsOf(answers[operation], found) as Answers[O];
}
