import { AcpiError } from "./acpi-error.ts";
import type { Dmar, Structure } from "./dmar.ts";
import { kindOfCode } from "./dmar-kind.ts";
import { DmarHeader, StructureHeader, TableHeader } from "./dmar-layout.ts";
import { bytesOfNumber, numberAt, textOf } from "./little-endian.ts";
import type { Place } from "./read-scopes.ts";
import { readScopes, reservedIn } from "./read-scopes.ts";
import type { Note, Remark } from "./remark.ts";
import { linuxRefuses, xenRefuses } from "./remark.ts";

/** Where a structure and its device scopes lie. */
export interface StructurePlace extends Place {
  readonly scopes: readonly Place[];
}

/** A table as far as it can be read. */
export interface DmarReading {
  readonly table: Dmar;
  /** Where each structure of the table lies. */
  readonly places: readonly StructurePlace[];
  /** Bytes of the table that are there. */
  readonly byteCount: number;
  /** The checksum, and the one that makes the sum 0; nobody knows it where bytes are missing. */
  readonly checksum: { readonly is: number; readonly right: number | undefined };
  /** Xen has written its own signature over the table's. */
  readonly isHidden: boolean;
  /** What is damaged, in the order of its discovery. */
  readonly damage: readonly Remark[];
}

/** Bytes before the first structure. */
export const headBytes = 48;
/** What Xen turns the signature into, so that the first guest leaves the units alone. */
const hiddenSignature = "RMAD";

/** The byte that makes the sum of a table 0; its own place counts as it is. */
export function checksumOf(table: Uint8Array): number {
  let sum = table[9] ?? 0;
  for (const byte of table) sum -= byte;
  return sum & 0xff;
}

/** Bytes of the table that are there; `written` is its own length. */
function extentOf(bytes: Uint8Array, written: number, note: Note): number {
  const count = bytes.length;
  const what = `the table's length ${written} is`;
  if (written < headBytes) note(4, `${what} less than ${headBytes}`);
  else if (written > count) note(4, `${what} more than the ${count} bytes that are there`);
  else if (written < count) {
    const tail = bytes.subarray(written);
    const rest = tail.every((byte) => byte === 0) ? "0" : "not all 0";
    const who = { Linux: "looks no further", Xen: "looks no further" };
    note(4, `${what} less than the ${count} bytes that are there; the rest is ${rest}`, who);
    return written;
  }
  return count;
}

function readChecksum(table: Uint8Array, isWhole: boolean, note: Note): DmarReading["checksum"] {
  const is = table[9] ?? 0;
  if (!isWhole) return { is, right: undefined };
  const right = checksumOf(table);
  if (is !== right) {
    const [found, wanted] = [is, right].map((of) => `0x${of.toString(16)}`);
    const who = { Linux: '"Incorrect checksum in table [DMAR]", and uses it' };
    note(9, `the checksum is ${found}, but ${wanted} makes the sum 0`, who);
  }
  return { is, right };
}

const short = '"Invalid ACPI DMAR entry length"';

/** The bytes of the structure at `offset`; `undefined` where its length does not lead on. */
function structureLength(
  table: Uint8Array,
  offset: number,
  isWhole: boolean,
  note: Note,
): number | undefined {
  const left = table.length - offset;
  if (left < 4) {
    note(offset, `a structure is cut short: ${left} bytes are left`);
    return undefined;
  }
  const { type, length } = StructureHeader.decode(numberAt(table, offset, 4));
  const least = (kindOfCode.get(type)?.layout.width ?? 32) / 8;
  const what = `the length ${length} of a structure of type ${type}`;
  if (length < least) {
    const linux = length === 0 ? { Linux: "stops there without a word" } : {};
    note(offset + 2, `${what} is less than ${least}`, { ...linux, Xen: `${short}, ${xenRefuses}` });
    if (length < 4) return undefined;
  }
  if (length > left) {
    const who = isWhole ? { Linux: `"Record passes table end", ${linuxRefuses}` } : {};
    note(offset + 2, `${what} reaches past the end of the table`, who);
  }
  return Math.min(length, left);
}

/** A name, and what follows the zero byte that ends it. */
function readName(table: Uint8Array, first: number, end: number, note: Note): object {
  const zero = table.subarray(first, end).indexOf(0);
  if (zero < 0) {
    const who = { Linux: `"ANDD object name is not NUL-terminated", ${linuxRefuses}` };
    note(end - 1, "no zero byte ends the name", who);
    return { name: textOf(table.subarray(first, end)) };
  }
  const next = first + zero + 1;
  const rest = next < end ? { rest: table.slice(next, end) } : {};
  return { name: textOf(table.subarray(first, next - 1)), ...rest };
}

type Placed = readonly [Structure, StructurePlace];

function readStructure(table: Uint8Array, at: number, length: number, note: Note): Placed {
  const end = at + length;
  const code = Number(numberAt(table, at, 2));
  const kind = kindOfCode.get(code);
  const fixed = (kind?.layout.width ?? 0) / 8;
  const bare: StructurePlace = { at, length, scopes: [] };
  if (kind === undefined || length < fixed) {
    return [{ type: "raw", code, bytes: table.slice(at + 4, end) }, bare];
  }
  const word = numberAt(table, at, fixed);
  const { type: _type, length: _length, ...fields } = kind.layout.decode(word);
  const head = { type: kind.name, ...fields, ...reservedIn(word, kind.layout.reservedMask) };
  const first = at + fixed;
  if (kind.tail === "scopes") {
    const { scopes, places } = readScopes(table, first, end, note);
    return [{ ...head, scopes } as Structure, { ...bare, scopes: places }];
  }
  if (kind.tail === "name")
    return [{ ...head, ...readName(table, first, end, note) } as Structure, bare];
  const rest = first === end ? {} : { rest: table.slice(first, end) };
  return [{ ...head, ...rest } as Structure, bare];
}

function readStructures(table: Uint8Array, isWhole: boolean, note: Note): readonly Placed[] {
  const all: Placed[] = [];
  for (let at = headBytes; at < table.length; ) {
    const length = structureLength(table, at, isWhole, note);
    if (length === undefined) break;
    all.push(readStructure(table, at, length, note));
    at += length;
  }
  return all;
}

/** The header's fields, without what follows them. */
function readHead(table: Uint8Array): Omit<Dmar, "structures"> {
  const { revision, oemRevision, creatorRevision, ...header } = TableHeader.decode(
    numberAt(table, 0, 36),
  );
  const word = numberAt(table, 36, 12);
  const { hostAddressWidth, ...flags } = DmarHeader.decode(word);
  const letters = (of: bigint, size: number): string => textOf(bytesOfNumber(of, size));
  return {
    ...{ revision, oemId: letters(header.oemId, 6), oemTableId: letters(header.oemTableId, 8) },
    ...{ oemRevision, creatorId: letters(header.creatorId, 4), creatorRevision },
    ...{ hostAddressWidth: hostAddressWidth + 1, ...flags },
    ...reservedIn(word, DmarHeader.reservedMask),
  };
}

/**
 * Reads a DMAR table as far as it goes; what is damaged is noted and passed by.
 *
 * @param bytes  the table, and what may follow it.
 * @throws AcpiError when it is no DMAR table at all, or ends in its header.
 */
export function readDmar(bytes: Uint8Array): DmarReading {
  const signature = textOf(bytes.subarray(0, 4));
  if (signature !== "DMAR" && signature !== hiddenSignature) {
    throw new AcpiError(0, `the signature is ${JSON.stringify(signature)}, not "DMAR"`);
  }
  if (bytes.length < headBytes) {
    throw new AcpiError(bytes.length, `the header ends before its ${headBytes} bytes do`);
  }
  const damage: Remark[] = [];
  const note: Note = (at, what, who = {}) => void damage.push({ at, what, who });
  const written = Number(numberAt(bytes, 4, 4));
  const table = bytes.subarray(0, extentOf(bytes, written, note));
  const isWhole = written === table.length;
  const checksum = readChecksum(table, isWhole, note);
  const all = readStructures(table, isWhole, note);
  return {
    table: { ...readHead(table), structures: all.map(([structure]) => structure) },
    places: all.map(([, place]) => place),
    byteCount: table.length,
    checksum,
    isHidden: signature === hiddenSignature,
    damage,
  };
}
