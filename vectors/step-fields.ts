import { answers } from "../target/answer.ts";
import type { Field, Fields } from "../target/fields.ts";
import {
  among,
  bytes,
  FieldError,
  fieldsOf,
  flag,
  list,
  needed,
  number,
  text,
  word,
} from "../target/fields.ts";
import type { Operation, Request } from "../target/implementation.ts";
import { abilities } from "../target/implementation.ts";
import type { Expectation } from "./vector.ts";

const pageBytes = 4096;
const source = needed(number(0xffff));
const address = needed(word);
const access = needed(among(["read", "write"]));
const right = needed(flag);
const asFlag: Field = { read: flag };
const rights: Fields = {
  ...{ pasid: { read: number(0xf_ffff) }, execute: asFlag, privileged: asFlag },
};
const offset = needed(number(pageBytes - 1));

/** What a case asks: every request but those that greet a target and reset it. */
type Asked = Exclude<Operation, "hello" | "reset">;

const requests: Readonly<Record<Asked, Fields>> = {
  writeRegister: { offset, size: needed(among([4, 8])), value: needed(word) },
  readRegisters: { offset, length: needed(number(pageBytes, 1)) },
  writeMemory: { address, bytes: needed(bytes) },
  readMemory: { address, length: needed(number(0x1_0000, 1)) },
  dma: {
    ...{ source, address, access, length: needed(number(pageBytes, 1)) },
    ...{ ...rights, bytes: { read: bytes } },
  },
  interrupt: { source, address, data: needed(number(2 ** 32 - 1)) },
  translate: { source, address, access, ...rights },
  pageRequest: {
    ...{ source, address, read: right, write: right, group: needed(number(511)), last: right },
    ...rights,
  },
  deviceAnswer: { source, result: needed(among(["done", "failed"])) },
};

const isAsked = (op: unknown): op is Asked => typeof op === "string" && Object.hasOwn(requests, op);

const { note: _, size: __, ...ofDma } = answers.dma;

/** What is expected of each request: the fields of its answer, and which bits count. */
function expected(op: Asked): Fields {
  const { note: _note, ...fields } = op === "dma" ? ofDma : answers[op];
  if (op !== "readRegisters") return fields;
  return { ...fields, mask: { read: bytes }, or: { read: bytes } };
}

/** The fields of a line about a case, but its steps. */
export const caseFields: Fields = {
  ...{ id: needed(text), rules: { read: list(text) }, why: { read: text } },
  needs: { read: list(among(abilities)) },
};

/** @throws FieldError for a place that goes beyond the registers. */
function checkPlace(request: Request): void {
  if (request.op !== "writeRegister" && request.op !== "readRegisters") return;
  const length = request.op === "writeRegister" ? request.size : request.length;
  if (request.offset + length <= pageBytes) return;
  throw new FieldError(`goes beyond the ${pageBytes.toString()} bytes of registers`);
}

/**
 * Reads what a step asks.
 *
 * @throws FieldError for what no target is asked.
 */
export function requestIn({ op, ...fields }: Readonly<Record<string, unknown>>): Request {
  if (!isAsked(op)) throw new FieldError(`has the unknown op ${JSON.stringify(op) ?? "(none)"}`);
  const request = { op, ...fieldsOf(requests[op], fields) } as Request;
  checkPlace(request);
  return request;
}

/**
 * Reads what a step expects of an answer.
 *
 * @throws FieldError for what no answer to this request says.
 */
export function expectationIn({ op }: Request, fields: object): Expectation {
  const found = fieldsOf(expected(op as Asked), fields) as Expectation;
  const { bytes: all, mask, or } = found;
  for (const [name, other] of Object.entries({ mask, or })) {
    if (other === undefined || other.length === all?.length) continue;
    throw new FieldError(
      `has ${other.length.toString()} bytes of ${name}, not as many as of bytes`,
    );
  }
  return found;
}
