import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import { inputs } from "../../events/input.ts";

/** The names of all events: inputs first. The number of a name is its place. */
export const eventNames: readonly string[] = [...Object.keys(inputs), ...Object.keys(facts)];

/** How many of the names are those of inputs. */
export const inputNames: number = Object.keys(inputs).length;

const numbers: ReadonlyMap<string, number> = new Map(eventNames.map((name, at) => [name, at]));

/** The number of an event's name. */
export const eventNumber = (type: string): number => numbers.get(type) ?? 0;

/** The numbers of the events that some names are of. */
export const eventNumbers = (names: readonly string[]): readonly number[] => names.map(eventNumber);

/**
 * The fields that columns keep of every event that has them, and the bits of each. What is asked of
 * these alone is answered without folding; addresses are kept in two halves.
 */
export const columnBits = {
  guest: 8,
  device: 16,
  source: 16,
  pasid: 32,
  offset: 16,
  reason: 8,
  did: 16,
  iova: 64,
  gpa: 64,
} as const;

/** A field that columns keep. */
export type ColumnName = keyof typeof columnBits;

/** All of them, in the order of their bits of presence. */
export const columnNames: readonly ColumnName[] = Object.keys(columnBits) as ColumnName[];

const tables: Readonly<Record<string, object>> = { ...inputs, ...facts };

/** The columns that an event may have something for, by the number of its name. */
export const columnsOfEvent: readonly (readonly ColumnName[])[] = eventNames.map((name) =>
  columnNames.filter((column) => Object.hasOwn(tables[name] ?? {}, column)),
);

/** Columns of addresses. */
export type AddressColumn = "iova" | "gpa";

/** Columns whose values are plain numbers. */
export type PlainColumn = Exclude<ColumnName, AddressColumn>;

/** Lengths of what is written from here on are not kept exactly. */
export const longestWrite = 0xffff_ffff;

/**
 * How many bytes of guest memory from its GPA on an event may have given another value to who reads
 * them next: at most `longestWrite`, which means that or more; 0 for most events. A flush of the
 * write buffer has no GPA, and what it touches is not in it: `memoryDrained` tells.
 */
export function bytesWritten(event: Input | Fact): number {
  switch (event.type) {
    case "MemoryWrite":
    case "MemoryWritten":
      return event.bytes.length;
    case "DmaLanded":
      return event.gpa === undefined ? 0 : (event.bytes?.length ?? 0);
    case "CacheFlush":
    case "P2mUnmapped":
      return event.length > BigInt(longestWrite) ? longestWrite : Number(event.length);
    default:
      return 0;
  }
}
