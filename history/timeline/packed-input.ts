import type { AnyField, FieldTable, Kind } from "../../events/field.ts";
import type { Input } from "../../events/input.ts";
import { inputs } from "../../events/input.ts";
import type { ByteReader, ByteWriter } from "./byte-writer.ts";
import {
  readByte,
  readBytes,
  readCount,
  readText,
  readWord,
  writeByte,
  writeBytes,
  writeCount,
  writeText,
  writeWord,
} from "./byte-writer.ts";

/** How values of one kind are written and read. */
interface Packing {
  readonly write: (writer: ByteWriter, value: never) => void;
  readonly read: (reader: ByteReader) => unknown;
}

const flagPacking: Packing = {
  write: (writer, value: boolean) => writeByte(writer, value ? 1 : 0),
  read: (reader) => readByte(reader) === 1,
};

const choicePacking = (choices: readonly string[]): Packing => ({
  write: (writer, value: string) => writeByte(writer, choices.indexOf(value)),
  read: (reader) => choices[readByte(reader)],
});

function packingOf({ form, kind }: AnyField): Packing {
  if (kind === undefined) throw new Error(`${form}: values of this form cannot be packed`);
  return packingOfKind(kind);
}

function packingOfKind(kind: Kind): Packing {
  switch (kind.is) {
    case "word":
      return { write: writeWord, read: readWord };
    case "integer":
      return {
        write: (writer, value: number) => writeCount(writer, value - kind.low),
        read: (reader) => readCount(reader) + kind.low,
      };
    case "device":
      return { write: writeCount, read: readCount };
    case "flag":
      return flagPacking;
    case "text":
      return { write: writeText, read: readText };
    case "bytes":
      return { write: writeBytes, read: readBytes };
    case "choice":
      return choicePacking(kind.choices);
    case "list":
      return listPacking(packingOf(kind.of));
    case "object":
      return shapePacking(kind.shape);
  }
}

const listPacking = (of: Packing): Packing => ({
  write: (writer, values: readonly never[]) => {
    writeCount(writer, values.length);
    for (const value of values) of.write(writer, value);
  },
  read: (reader) => Array.from({ length: readCount(reader) }, () => of.read(reader)),
});

/** Which of the fields are there is said first, a bit for each. */
function shapePacking(table: FieldTable): Packing {
  const columns = Object.entries(table).map(([name, of]) => ({ name, of: packingOf(of) }));
  return {
    write: (writer, value: Readonly<Record<string, never>>) => {
      let [present, bit] = [0, 1];
      for (const { name } of columns) {
        if (value[name] !== undefined) present += bit;
        bit *= 2;
      }
      writeCount(writer, present);
      for (const { name, of } of columns) {
        const item = value[name];
        if (item !== undefined) of.write(writer, item);
      }
    },
    read: (reader) => {
      const out: Record<string, unknown> = {};
      let present = readCount(reader);
      for (const { name, of } of columns) {
        if (present % 2 === 1) out[name] = of.read(reader);
        present = Math.floor(present / 2);
      }
      return out;
    },
  };
}

const types = Object.keys(inputs);
const packings = Object.values(inputs).map((table) => shapePacking(table));
const numberOf: ReadonlyMap<string, number> = new Map(types.map((type, index) => [type, index]));

/** Writes an input as a few bytes. */
export function packInput(writer: ByteWriter, input: Input): void {
  const type = numberOf.get(input.type) ?? 0;
  writeByte(writer, type);
  (packings[type] as Packing).write(writer, input as never);
}

/** Reads an input. @throws RangeError when there is none. */
export function unpackInput(reader: ByteReader): Input {
  const type = readByte(reader);
  const packing = packings[type];
  if (packing === undefined) throw new RangeError("no input of that number");
  return { type: types[type], ...(packing.read(reader) as object) } as Input;
}
