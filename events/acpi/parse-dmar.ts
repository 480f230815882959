import { hex } from "../address.ts";
import { AcpiError } from "./acpi-error.ts";
import type { Dmar, Scope, Structure } from "./dmar.ts";
import type { PathStep } from "./dmar-field.ts";
import type { Kind } from "./dmar-kind.ts";
import { kindOfCode } from "./dmar-kind.ts";
import { DeviceScope, DmarHeader, StructureHeader, TableHeader } from "./dmar-layout.ts";
import { bytesOfNumber, numberAt, textOf } from "./little-endian.ts";

/** Reserved bits, where there are any that are not 0. */
const reservedIn = (word: bigint, mask: bigint): { readonly reserved?: bigint } =>
  (word & mask) === 0n ? {} : { reserved: word & mask };

/** Bytes before the first structure. */
export const headBytes = 48;
/** A scope has a path of one step at least. */
const leastScope = 8;

function fail(offset: number, reason: string): never {
  throw new AcpiError(offset, reason);
}

/** A device scope and the offset after it. */
function parseScope(bytes: Uint8Array, offset: number, end: number): readonly [Scope, number] {
  if (end - offset < 6) fail(offset, `a device scope is cut short: ${end - offset} bytes are left`);
  const word = numberAt(bytes, offset, 6);
  const { type, length, enumerationId, bus } = DeviceScope.decode(word);
  const at = offset + 1;
  if (length < leastScope) fail(at, `device scope length ${length} is less than ${leastScope}`);
  if (length % 2 === 1) fail(at, `device scope length ${length} is odd`);
  if (length > end - offset) {
    fail(at, `device scope length ${length} reaches past the end of its structure`);
  }
  const path: PathStep[] = [];
  for (let step = offset + 6; step < offset + length; step += 2) {
    path.push({ device: bytes[step] ?? 0, function: bytes[step + 1] ?? 0 });
  }
  const reserved = reservedIn(word, DeviceScope.reservedMask);
  return [{ type, enumerationId, bus, path, ...reserved }, offset + length];
}

function parseScopes(bytes: Uint8Array, first: number, end: number): readonly Scope[] {
  const scopes: Scope[] = [];
  for (let offset = first; offset < end; ) {
    const [scope, next] = parseScope(bytes, offset, end);
    scopes.push(scope);
    offset = next;
  }
  return scopes;
}

/** What follows the fields of a structure. */
function parseTail(kind: Kind, bytes: Uint8Array, first: number, end: number): object {
  if (kind.tail === "scopes") return { scopes: parseScopes(bytes, first, end) };
  if (kind.tail === "rest") return first === end ? {} : { rest: bytes.slice(first, end) };
  if (first === end || bytes[end - 1] !== 0) fail(end - 1, "no zero byte ends the name");
  return { name: textOf(bytes.subarray(first, end - 1)) };
}

/** The bytes of the structure at `offset`, checked to lie before `end`. */
function structureLength(bytes: Uint8Array, offset: number, end: number): number {
  if (end - offset < 4) fail(offset, `a structure is cut short: ${end - offset} bytes are left`);
  const { type, length } = StructureHeader.decode(numberAt(bytes, offset, 4));
  const least = (kindOfCode.get(type)?.layout.width ?? 32) / 8;
  const what = `the length ${length} of a structure of type ${type}`;
  if (length < least) fail(offset + 2, `${what} is less than ${least}`);
  if (length > end - offset) fail(offset + 2, `${what} reaches past the end of the table`);
  return length;
}

function parseStructure(bytes: Uint8Array, offset: number, length: number): Structure {
  const end = offset + length;
  const code = Number(numberAt(bytes, offset, 2));
  const kind = kindOfCode.get(code);
  if (kind === undefined) return { type: "raw", code, bytes: bytes.slice(offset + 4, end) };
  const fixed = kind.layout.width / 8;
  const word = numberAt(bytes, offset, fixed);
  const { type: _type, length: _length, ...fields } = kind.layout.decode(word);
  const reserved = reservedIn(word, kind.layout.reservedMask);
  const tail = parseTail(kind, bytes, offset + fixed, end);
  return { type: kind.name, ...fields, ...reserved, ...tail } as Structure;
}

/** The byte that makes the sum of a table 0; its own place counts as it is. */
export function checksumOf(table: Uint8Array): number {
  let sum = table[9] ?? 0;
  for (const byte of table) sum -= byte;
  return sum & 0xff;
}

/** Checks what all tables have: signature, length and checksum, in this order. */
function checkTable(bytes: Uint8Array): void {
  const count = bytes.length;
  const signature = textOf(bytes.subarray(0, 4));
  if (signature !== "DMAR") fail(0, `the signature is ${JSON.stringify(signature)}, not "DMAR"`);
  if (count < headBytes) fail(count, `the file ends before the header does, at ${headBytes} bytes`);
  const length = Number(numberAt(bytes, 4, 4));
  if (length < headBytes) fail(4, `the table's length ${length} is less than ${headBytes}`);
  if (length > count)
    fail(4, `the table's length ${length} is more than the file's ${count} bytes`);
  if (length < count)
    fail(4, `the table's length ${length} is less than the file's ${count} bytes`);
  const checksum = checksumOf(bytes);
  if (bytes[9] !== checksum) {
    fail(9, `the checksum is ${hex(bytes[9] ?? 0)}, but ${hex(checksum)} makes the sum 0`);
  }
}

/**
 * Reads a DMAR table. `buildDmar` of the result gives the same bytes again.
 *
 * @param bytes  the whole table and nothing else.
 * @throws AcpiError with the offset of the first byte that is wrong, and nothing else.
 */
export function parseDmar(bytes: Uint8Array): Dmar {
  checkTable(bytes);
  const header = TableHeader.decode(numberAt(bytes, 0, 36));
  const { revision, oemRevision, creatorRevision } = header;
  const word = numberAt(bytes, 36, 12);
  const { hostAddressWidth, ...flags } = DmarHeader.decode(word);
  const structures: Structure[] = [];
  for (let offset = headBytes; offset < bytes.length; ) {
    const length = structureLength(bytes, offset, bytes.length);
    structures.push(parseStructure(bytes, offset, length));
    offset += length;
  }
  return {
    revision,
    oemId: textOf(bytesOfNumber(header.oemId, 6)),
    oemTableId: textOf(bytesOfNumber(header.oemTableId, 8)),
    oemRevision,
    creatorId: textOf(bytesOfNumber(header.creatorId, 4)),
    creatorRevision,
    hostAddressWidth: hostAddressWidth + 1,
    ...flags,
    ...reservedIn(word, DmarHeader.reservedMask),
    structures,
  };
}
