import { hex } from "../address.ts";
import type { FieldLine } from "./disassembly-line.ts";
import { fieldLine } from "./disassembly-line.ts";
import type { DumpLine } from "./dump-line.ts";
import { dumpLine } from "./dump-line.ts";
import { numberAt } from "./little-endian.ts";

/** Something of a text that does not fit together: the line, from 1, and what. */
export interface TextDoubt {
  readonly line: number;
  readonly what: string;
}

/** An ACPI table that stands in a text. */
export interface TextTable {
  /** Its first four bytes. */
  readonly signature: string;
  readonly form: "hexadecimal dump" | "disassembly";
  /** The lines that it takes, from 1, both included. */
  readonly lines: readonly [number, number];
  readonly bytes: Uint8Array;
  readonly doubts: readonly TextDoubt[];
}

/** A table that is being read: what a dump of it says, and what its fields say. */
interface Draft {
  readonly dump: number[];
  readonly fields: { readonly line: number; readonly at: number; readonly of: FieldLine }[];
  readonly doubts: TextDoubt[];
  readonly first: number;
  last: number;
  /** A `*`: the bytes of the line before stand up to the next offset. */
  isRepeated: boolean;
  /** The dump has a gap: nobody knows what stands there. */
  isBroken: boolean;
}

const startDraft = (line: number): Draft => ({
  ...{ dump: [], fields: [], doubts: [], first: line, last: line },
  ...{ isRepeated: false, isBroken: false },
});

/** The longest table that is read; a place beyond it is none of a table. */
const longest = 16 * 1024 * 1024;
/** No structure of a table is longer. */
const longestStructure = 65_535;
/** Bytes of a whole line of a dump. */
const rowBytes = 16;

/** Whether a dump has all bytes of the table, by the length that the table itself says. */
const isWhole = ({ dump }: Draft): boolean =>
  dump.length >= 8 && dump.length >= Number(numberAt(Uint8Array.from(dump.slice(0, 8)), 4, 4));

/** Bytes that were left out because they are those of the line before. */
function repeat({ dump }: Draft, end: number): void {
  const row = dump.slice(-rowBytes);
  while (row.length > 0 && dump.length < Math.min(end, longest)) dump.push(...row);
}

function addDump(draft: Draft, line: number, at: number, bytes: readonly number[]): void {
  const { dump, doubts } = draft;
  if (draft.isRepeated && !isWhole(draft)) repeat(draft, at);
  draft.isRepeated = false;
  if (draft.isBroken || (at > dump.length && isWhole(draft))) return;
  draft.last = line;
  if (at === dump.length) {
    dump.push(...bytes);
  } else if (at > dump.length) {
    draft.isBroken = true;
    const [from, to] = [hex(dump.length), hex(at - 1)];
    doubts.push({ line, what: `bytes ${from} to ${to} are missing; what follows is not read` });
  } else if (bytes.some((byte, index) => dump[at + index] !== byte)) {
    doubts.push({ line, what: `${hex(at)} stands here once more, with other bytes; passed by` });
  }
}

function addField(draft: Draft, line: number, of: FieldLine): void {
  const previous = draft.fields.at(-1);
  const at = of.at ?? (previous === undefined ? 0 : previous.at + previous.of.bytes.length);
  if (at + of.bytes.length > longest) return;
  draft.fields.push({ line, at, of });
  draft.last = line;
}

/** Where a table ends whose last field is letters: zero bytes after them are not printed. */
function filledEnd(fields: Draft["fields"]): number {
  const last = fields.at(-1);
  const length = fields.find(({ at }) => at === 4)?.of.bytes;
  if (length === undefined || last === undefined || !last.of.isText) return 0;
  return Math.min(Number(numberAt(length, 0, 4)), last.at + longestStructure);
}

/**
 * The raw data, and where there is none what the fields say; what stands between them is 0. A field
 * that differs from the raw data is doubted.
 */
function merge({ dump, fields, doubts }: Draft): Uint8Array {
  const guess = fields.find(({ of }) => of.isGuess)?.at ?? Number.POSITIVE_INFINITY;
  const told = fields.filter(({ at, of }) => at < guess && at + of.bytes.length > dump.length);
  const ends = told.map(({ at, of }) => at + of.bytes.length);
  const end = ends.reduce((most, one) => Math.max(most, one), dump.length);
  const bytes = new Uint8Array(Math.max(end, dump.length > 0 ? 0 : filledEnd(told)));
  for (const { at, of } of told) bytes.set(of.bytes, at);
  bytes.set(dump);
  for (const { line, at, of } of fields) {
    const isSame = of.bytes.every((byte, index) => byte === (bytes[at + index] ?? byte));
    // A disassembler prints letters as it can, and types that it does not know as another one.
    if (isSame || of.isText || of.isGuess) continue;
    const what = `"${of.name}" is not what the raw data has at ${hex(at)}; the raw data counts`;
    doubts.push({ line, what });
  }
  return bytes;
}

function finish(draft: Draft): readonly TextTable[] {
  const bytes = merge(draft);
  const signature = String.fromCharCode(...bytes.subarray(0, 4));
  if (bytes.length < rowBytes || !/^[A-Z0-9!_$ ]{4}$/.test(signature)) return [];
  const form = draft.fields.length > 0 ? "disassembly" : "hexadecimal dump";
  const doubts = draft.doubts.toSorted((a, b) => a.line - b.line);
  return [{ signature, form, lines: [draft.first, draft.last], bytes, doubts }];
}

/** Whether a dump's first line is that of the table whose fields stand before it. */
const isRawData = ({ fields, dump }: Draft, { bytes }: DumpLine): boolean =>
  dump.length === 0 && (fields[0]?.of.bytes.every((byte, at) => byte === bytes[at]) ?? false);

/**
 * The ACPI tables that stand in a text: dumps as `acpidump`, `hexdump -C` and `xxd` print them, and
 * data tables as `iasl -d` disassembles them. Other lines may stand before, between and after.
 *
 * A dump begins at offset 0, a disassembly with its first field; a dump of the same table below a
 * disassembly is its raw data.
 */
export function tablesOfText(lines: readonly string[]): readonly TextTable[] {
  const all: TextTable[] = [];
  let draft: Draft | undefined;
  const start = (line: number): Draft => {
    if (draft !== undefined) all.push(...finish(draft));
    draft = startDraft(line);
    return draft;
  };
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    const field = fieldLine(text);
    if (field !== undefined) {
      const isFirst = field.name === "Signature" && (field.at ?? 0) === 0;
      if (isFirst) start(line);
      if (draft !== undefined) addField(draft, line, field);
      continue;
    }
    if (draft !== undefined && text.trim() === "*") draft.isRepeated = true;
    const dump = dumpLine(text);
    if (dump === undefined) continue;
    const isRaw = draft !== undefined && isRawData(draft, dump);
    const of = dump.at === 0 && !isRaw ? start(line) : draft;
    if (of !== undefined) addDump(of, line, dump.at, dump.bytes);
  }
  if (draft !== undefined) all.push(...finish(draft));
  return all;
}
