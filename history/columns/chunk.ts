import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { MemoryDrained } from "../memory-use/memory-drained.ts";
import type { MemoryRead } from "../memory-use/memory-read.ts";
import type { AddressColumn, PlainColumn } from "./event-column.ts";
import {
  bytesWritten,
  columnBits,
  columnNames,
  columnsOfEvent,
  eventNumber,
} from "./event-column.ts";

/** Events of a chunk. */
export const chunkEvents = 4096;

/** Bits of the marks of pages that a chunk has something to say about. */
const pageMarks = 8192;

type Plain = Uint8Array | Uint16Array | Uint32Array;

/**
 * Some events, one array a field; a field that none of them has takes no room. Beside them what
 * kinds of event there are, which devices and which pages: enough to pass over most chunks.
 */
export interface Chunk {
  count: number;
  /** The number of each event's name. */
  readonly event: Uint8Array;
  /** Which fields each event has, by their place in `columnNames`. */
  readonly present: Uint16Array;
  readonly plain: { [K in PlainColumn]?: Plain };
  /** The lower and the upper 32 bits of addresses. */
  readonly low: { [K in AddressColumn]?: Uint32Array };
  readonly high: { [K in AddressColumn]?: Uint32Array };
  /**
   * Bytes of guest memory written from `gpa` on: of a flush of the write buffer, which has no such
   * field, kept there.
   */
  written: Uint32Array | undefined;
  /** Bytes of guest memory read from `gpa` on: of an event that has no such field, kept there. */
  read: Uint32Array | undefined;
  /** Which names of events there are. */
  readonly events: Uint32Array;
  /** Which source-ids there are, five bits of each. */
  devices: number;
  /** Which pages are written, and which are the pages of IOVAs: thirteen bits of each. */
  readonly pages: { gpa?: Uint32Array; iova?: Uint32Array };
  /** Something writes to more pages than are marked. */
  isWide: boolean;
}

export const newChunk = (): Chunk => ({
  count: 0,
  event: new Uint8Array(chunkEvents),
  present: new Uint16Array(chunkEvents),
  plain: {},
  low: {},
  high: {},
  written: undefined,
  read: undefined,
  events: new Uint32Array(8),
  devices: 0,
  pages: {},
  isWide: false,
});

const arrayOf = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array } as const;

/** The bit of each column in `present`. */
export const presence = Object.fromEntries(
  columnNames.map((name, index) => [name, 1 << index]),
) as Readonly<Record<PlainColumn | AddressColumn, number>>;

/** The place of a page's mark. */
export const markOf = (page: number): number => (page % 0x4000_0000) & (pageMarks - 1);

/** The bit of a source-id's mark. */
export const deviceMark = (source: number): number => 1 << ((source ^ (source >> 5)) & 31);

function markPage(chunk: Chunk, column: AddressColumn, page: number): void {
  const marks = chunk.pages[column] ?? new Uint32Array(pageMarks / 32);
  chunk.pages[column] = marks;
  const mark = markOf(page);
  marks[mark >> 5] = (marks[mark >> 5] as number) | (1 << (mark & 31));
}

const half = 0x1_0000_0000n;
const markedPages = 64;

function addAddress(chunk: Chunk, column: AddressColumn, address: bigint): void {
  const low = chunk.low[column] ?? new Uint32Array(chunkEvents);
  chunk.low[column] = low;
  low[chunk.count] = Number(address % half);
  if (address < half) return;
  const high = chunk.high[column] ?? new Uint32Array(chunkEvents);
  chunk.high[column] = high;
  high[chunk.count] = Number(address / half);
}

function addPlain(chunk: Chunk, column: PlainColumn, value: number): void {
  const values = chunk.plain[column] ?? new arrayOf[columnBits[column]](chunkEvents);
  chunk.plain[column] = values;
  values[chunk.count] = value;
  if (column === "device" || column === "source") chunk.devices |= deviceMark(value);
}

function addWritten(chunk: Chunk, gpa: bigint, written: number): void {
  if (written === 0) return;
  chunk.written ??= new Uint32Array(chunkEvents);
  chunk.written[chunk.count] = written;
  const first = Number(gpa / 4096n);
  const last = Number((gpa + BigInt(written) - 1n) / 4096n);
  if (last - first >= markedPages) chunk.isWide = true;
  else for (let page = first; page <= last; page++) markPage(chunk, "gpa", page);
}

function addDrained(chunk: Chunk, { gpa, length }: MemoryDrained): void {
  addAddress(chunk, "gpa", gpa);
  addWritten(chunk, gpa, length);
}

function addRead(chunk: Chunk, { gpa, length }: MemoryRead): void {
  chunk.read ??= new Uint32Array(chunkEvents);
  chunk.read[chunk.count] = length;
  addAddress(chunk, "gpa", gpa);
  const last = Number((gpa + BigInt(length) - 1n) / 4096n);
  for (let page = Number(gpa / 4096n); page <= last; page++) markPage(chunk, "gpa", page);
}

/**
 * Adds an event to a chunk that has room, with what it says was read of guest memory, and what of
 * it came out of the write buffer.
 */
export function addEvent(
  chunk: Chunk,
  event: Input | Fact,
  read?: MemoryRead,
  drained?: MemoryDrained,
): void {
  const number = eventNumber(event.type);
  chunk.event[chunk.count] = number;
  chunk.events[number >> 5] = (chunk.events[number >> 5] as number) | (1 << (number & 31));
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  let present = 0;
  for (const column of columnsOfEvent[number] ?? []) {
    const value = fields[column];
    if (typeof value === "bigint") {
      addAddress(chunk, column as AddressColumn, value);
      if (column === "iova") markPage(chunk, column, Number(value / 4096n));
    } else if (typeof value === "number") addPlain(chunk, column as PlainColumn, value);
    else continue;
    present |= presence[column];
  }
  chunk.present[chunk.count] = present;
  if ("gpa" in event && event.gpa !== undefined) {
    addWritten(chunk, event.gpa, bytesWritten(event));
  }
  if (drained !== undefined) addDrained(chunk, drained);
  if (read !== undefined) addRead(chunk, read);
  chunk.count += 1;
}

/** Whether a chunk may have something marked with a page: false is certain. */
export function mayHavePage(chunk: Chunk, column: AddressColumn, page: number): boolean {
  if (column === "gpa" && chunk.isWide) return true;
  const mark = markOf(page);
  return ((chunk.pages[column]?.[mark >> 5] ?? 0) & (1 << (mark & 31))) !== 0;
}

/** Whether a chunk has an event of one of some numbers. */
export const hasEvent = (chunk: Chunk, numbers: readonly number[]): boolean =>
  numbers.some((one) => ((chunk.events[one >> 5] as number) & (1 << (one & 31))) !== 0);

/** An address of an event that has it. */
export const addressIn = (chunk: Chunk, column: AddressColumn, at: number): bigint =>
  BigInt(chunk.low[column]?.[at] ?? 0) + BigInt(chunk.high[column]?.[at] ?? 0) * half;

/** The page number of an address of an event that has it. */
export const pageIn = (chunk: Chunk, column: AddressColumn, at: number): number =>
  ((chunk.low[column]?.[at] ?? 0) >>> 12) + (chunk.high[column]?.[at] ?? 0) * 0x10_0000;
