import type { NumberColumn } from "../columns/number-column.ts";
import { addNumber, newNumbers } from "../columns/number-column.ts";
import type { ByteWriter } from "../timeline/byte-writer.ts";
import {
  newByteWriter,
  writeByte,
  writeBytes,
  writeCount,
  writeFloat,
  writeText,
  writeWord,
} from "../timeline/byte-writer.ts";

/** What a value begins with. */
export const tags = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  count: 4,
  float: 5,
  word: 6,
  text: 7,
  object: 8,
} as const;

/** What a record begins with. */
export const kinds = { list: 0, counts: 1, fields: 2, bytes: 3, set: 4 } as const;

/**
 * Values that are written once each, however many others hold them: worlds share most of what they
 * consist of, and are read again sharing it.
 */
export interface GraphWriter {
  readonly records: ByteWriter;
  /** Where each record begins; its number is its place. */
  readonly starts: NumberColumn;
  /** Names of fields, by the names joined. */
  readonly shapes: Map<string, number>;
  readonly numbers: Map<object, number>;
}

export const newGraphWriter = (): GraphWriter => ({
  records: newByteWriter(65_536),
  starts: newNumbers(Float64Array),
  shapes: new Map(),
  numbers: new Map(),
});

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function writeValue({ records, numbers }: GraphWriter, value: unknown): void {
  if (isCount(value)) {
    writeByte(records, tags.count);
    writeCount(records, value);
  } else if (typeof value === "object" && value !== null) {
    writeByte(records, tags.object);
    writeCount(records, numbers.get(value) ?? 0);
  } else if (typeof value === "bigint" && value >= 0n) {
    writeByte(records, tags.word);
    writeWord(records, value);
  } else if (typeof value === "string") {
    writeByte(records, tags.text);
    writeText(records, value);
  } else if (typeof value === "number") {
    writeByte(records, tags.float);
    writeFloat(records, value);
  } else if (typeof value === "boolean") writeByte(records, value ? tags.true : tags.false);
  else if (value === undefined || value === null) {
    writeByte(records, value === undefined ? tags.undefined : tags.null);
  } else throw new Error(`a ${typeof value} cannot be kept in an index`);
}

function writeList(writer: GraphWriter, list: readonly unknown[]): void {
  const { records } = writer;
  if (list.length > 0 && list.every(isCount)) {
    writeByte(records, kinds.counts);
    writeCount(records, list.length);
    for (const item of list) writeCount(records, item);
    return;
  }
  writeByte(records, kinds.list);
  writeCount(records, list.length);
  for (const item of list) writeValue(writer, item);
}

/** Between the names of a shape. */
const shapeSeparator = "\u0000";

/** The names of fields that a shape's key says. */
export const namesOfShape = (key: string): readonly string[] =>
  key === "" ? [] : key.split(shapeSeparator);

function writeFields(writer: GraphWriter, value: object): void {
  const { records, shapes } = writer;
  const names = Object.keys(value);
  const key = names.join(shapeSeparator);
  const shape = shapes.get(key) ?? shapes.size;
  shapes.set(key, shape);
  writeByte(records, kinds.fields);
  writeCount(records, shape);
  for (const item of Object.values(value)) writeValue(writer, item);
}

/** Writes what an object holds; everything in it is written already. */
function writeRecord(writer: GraphWriter, value: object): void {
  const { records, starts, numbers } = writer;
  numbers.set(value, starts.length);
  addNumber(starts, records.length);
  if (Array.isArray(value)) writeList(writer, value);
  else if (value instanceof Uint8Array) {
    writeByte(records, kinds.bytes);
    writeBytes(records, value);
  } else if (value instanceof Set) {
    writeByte(records, kinds.set);
    writeList(writer, [...value]);
  } else if (Object.getPrototypeOf(value) === Object.prototype) writeFields(writer, value);
  else throw new Error("an object of a class cannot be kept in an index");
}

/**
 * Writes an object and all that it holds, but for what was written before.
 *
 * @returns the object's number.
 */
export function writeGraph(writer: GraphWriter, value: object): number {
  const known = writer.numbers.get(value);
  if (known !== undefined) return known;
  const parts = value instanceof Uint8Array ? [] : partsOf(value);
  for (const part of parts) {
    if (typeof part === "object" && part !== null) writeGraph(writer, part);
  }
  writeRecord(writer, value);
  return writer.numbers.get(value) ?? 0;
}

const partsOf = (value: object): readonly unknown[] =>
  Array.isArray(value) ? value : value instanceof Set ? [...value] : Object.values(value);
