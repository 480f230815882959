import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { MemoryDrained } from "../memory-use/memory-drained.ts";
import type { MemoryRead } from "../memory-use/memory-read.ts";
import type { Chunk } from "./chunk.ts";
import { addEvent, chunkEvents, newChunk } from "./chunk.ts";

/** What is kept of every event, without the event: by its number, from 1. */
export interface Columns {
  readonly chunks: Chunk[];
  count: number;
}

export const newColumns = (): Columns => ({ chunks: [], count: 0 });

/** Adds the event that has the next number. */
export function addToColumns(
  columns: Columns,
  event: Input | Fact,
  read?: MemoryRead,
  drained?: MemoryDrained,
): void {
  let chunk = columns.chunks.at(-1);
  if (chunk === undefined || chunk.count === chunkEvents) {
    chunk = newChunk();
    columns.chunks.push(chunk);
  }
  addEvent(chunk, event, read, drained);
  columns.count += 1;
}

/** Where an event's row is. */
export interface RowPlace {
  readonly chunk: Chunk;
  readonly at: number;
}

/** The row of an event by its number; `undefined` where there is none. */
export function rowOf(columns: Columns, seq: number): RowPlace | undefined {
  const chunk = columns.chunks[Math.floor((seq - 1) / chunkEvents)];
  const at = (seq - 1) % chunkEvents;
  return chunk === undefined || at < 0 || at >= chunk.count ? undefined : { chunk, at };
}

const copyAll = <T extends object>(arrays: T): T =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, (array as Uint32Array).slice()]),
  ) as T;

/** A chunk's copy of which only the first `count` events count; its marks may say too much. */
const cutChunk = (chunk: Chunk, count: number): Chunk => ({
  ...chunk,
  count,
  event: chunk.event.slice(),
  present: chunk.present.slice(),
  plain: copyAll(chunk.plain),
  low: copyAll(chunk.low),
  high: copyAll(chunk.high),
  written: chunk.written?.slice(),
  read: chunk.read?.slice(),
  events: chunk.events.slice(),
  pages: copyAll(chunk.pages),
});

/** Wipes what rows from `count` on had: those that come next may not have it. */
function wipe(chunk: Chunk): Chunk {
  const { low, high, plain, written, read, count } = chunk;
  for (const array of [...Object.values(high), ...Object.values(low), ...Object.values(plain)]) {
    array?.fill(0, count);
  }
  written?.fill(0, count);
  read?.fill(0, count);
  return chunk;
}

/** The first `count` events, as columns that grow apart; full chunks are shared. */
export function forkColumns({ chunks }: Columns, count: number): Columns {
  const full = Math.floor(count / chunkEvents);
  const open = chunks[full];
  const rest = count % chunkEvents;
  const shared = chunks.slice(0, full);
  if (open === undefined || rest === 0) return { chunks: shared, count };
  return { chunks: [...shared, wipe(cutChunk(open, rest))], count };
}
