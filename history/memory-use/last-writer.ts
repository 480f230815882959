import type { World } from "../../projections/world.ts";
import { byteIn, pageAsWritten, pageAt } from "../../tables/memory.ts";
import type { Chunk } from "../columns/chunk.ts";
import { addressIn, chunkEvents, mayHavePage } from "../columns/chunk.ts";
import { rowOf } from "../columns/columns.ts";
import { eventNames, eventNumber, inputNames, longestWrite } from "../columns/event-column.ts";
import type { Wanted } from "../columns/scan.ts";
import { worldWithin } from "../step.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";

/** Pages of 4 GiB: an address's lower half tells as many apart. */
const pagesOfHalf = 0x10_0000;

/** Some bytes of a guest's memory. */
export interface MemoryPlace {
  readonly guest: number;
  readonly gpa: bigint;
  /** At least 1, at most 4096. */
  readonly length: number;
}

/** Who wrote to a place. */
export interface Writer {
  /**
   * Number of the event: an input, or the fact that the device or the unit wrote, or that the unit
   * sees what waited in the write buffer.
   */
  readonly seq: number;
  readonly by: "cpu" | "flush" | "buffer" | "device" | "unit" | "host";
}

/** Where columns have the length of what a kind of event did to memory. */
type Lengths = (chunk: Chunk) => Uint32Array | undefined;

/** What is looked for in the columns: events that touch a place. */
export function touching({ guest, gpa, length }: MemoryPlace, lengthsOf: Lengths): Wanted {
  const end = gpa + BigInt(length);
  const pages: number[] = [];
  for (let page = gpa / 4096n; page * 4096n < end; page++) pages.push(Number(page));
  return {
    mayBeIn: (chunk) =>
      lengthsOf(chunk) !== undefined && pages.some((page) => mayHavePage(chunk, "gpa", page)),
    isAt: (chunk, at) => {
      const bytes = lengthsOf(chunk)?.[at] ?? 0;
      if (bytes === 0 || (chunk.plain.guest?.[at] ?? 0) !== guest) return false;
      const from = addressIn(chunk, "gpa", at);
      return from < end && (bytes === longestWrite || gpa < from + BigInt(bytes));
    },
  };
}

/**
 * The last event up to `from` that touches a place. A plain loop over plain arrays that looks at
 * the page first: of the writes of a long run few are to one place.
 */
function lastTouch({ columns }: Timeline, place: MemoryPlace, from: number): number | undefined {
  const { mayBeIn, isAt } = touching(place, ({ written }) => written);
  const first = Number(place.gpa / 4096n);
  const last = Number((place.gpa + BigInt(place.length) - 1n) / 4096n);
  for (let number = Math.floor((from - 1) / chunkEvents); number >= 0; number--) {
    const chunk = columns.chunks[number];
    if (chunk === undefined || !mayBeIn(chunk)) continue;
    const base = number * chunkEvents + 1;
    const { written } = chunk;
    const [low, high] = [chunk.low.gpa, chunk.high.gpa];
    if (written === undefined || low === undefined) continue;
    for (let at = Math.min(chunk.count - 1, from - base); at >= 0; at--) {
      const bytes = written[at] as number;
      if (bytes === 0) continue;
      const page = ((low[at] as number) >>> 12) + (high?.[at] ?? 0) * pagesOfHalf;
      if (page > last || (page + (bytes >>> 12) + 2 <= first && bytes !== longestWrite)) continue;
      if (isAt(chunk, at, base + at)) return base + at;
    }
  }
  return undefined;
}

/** The bytes of a place, as the unit and as the CPU sees them. */
function contents(world: World, { guest, gpa, length }: MemoryPlace): string {
  const memory = world.guests[guest]?.memory;
  if (memory === undefined) return "";
  const bytes: number[] = [];
  for (let at = gpa; at < gpa + BigInt(length); at++) {
    const [page, offset] = [Number(at / 4096n), Number(at % 4096n)];
    const [seen, written] = [pageAt(memory, page), pageAsWritten(memory, page)];
    bytes.push(byteIn(seen, offset), byteIn(written, offset));
  }
  return bytes.join(" ");
}

/** Whether an event gave a place another value: what only may have has to be looked at. */
function isChangedBy(timeline: Timeline, seq: number, place: MemoryPlace): boolean {
  const step = stepOfEvent(timeline, seq);
  if (step === undefined) return false;
  const [before, after] = [worldWithin(step, seq - 1), worldWithin(step, seq)];
  return contents(before, place) !== contents(after, place);
}

const dropped = eventNumber("MemoryWriteDropped");

/** Whether the next facts after an input say that some of it was lost. */
function isPartlyLost({ columns }: Timeline, input: number): boolean {
  for (let seq = input + 1; ; seq++) {
    const row = rowOf(columns, seq);
    const event = row?.chunk.event[row.at] ?? 0;
    if (row === undefined || event < inputNames) return false;
    if (event === dropped) return true;
  }
}

const writers: Readonly<Record<string, Writer["by"]>> = {
  MemoryWrite: "cpu",
  CacheFlush: "flush",
  WriteBufferFlushed: "buffer",
  WriteBufferDrained: "buffer",
  DmaLanded: "device",
  MemoryWritten: "unit",
  P2mUnmapped: "host",
};

const certain: ReadonlySet<number> = new Set(
  ["MemoryWrite", "DmaLanded", "MemoryWritten"].map(eventNumber),
);

/** Whether an event that touches a place wrote to it: a flush of what was not late did not. */
function isWriter(timeline: Timeline, seq: number, place: MemoryPlace): boolean {
  const row = rowOf(timeline.columns, seq);
  const event = row?.chunk.event[row.at] ?? 0;
  if (!certain.has(event)) return isChangedBy(timeline, seq, place);
  return event >= inputNames || !isPartlyLost(timeline, seq) || isChangedBy(timeline, seq, place);
}

/**
 * The last event, up to `until`, that wrote to bytes of guest memory, whoever did; a write of the
 * same value counts where it is certain.
 *
 * @returns `undefined` when nothing ever did: they are as the set-up left them.
 */
export function lastWriter(
  timeline: Timeline,
  place: MemoryPlace,
  until: number,
): Writer | undefined {
  for (let from = Math.min(until, timeline.end.seq); from >= 1; ) {
    const seq = lastTouch(timeline, place, from);
    if (seq === undefined) return undefined;
    if (isWriter(timeline, seq, place)) {
      const row = rowOf(timeline.columns, seq);
      const name = eventNames[row?.chunk.event[row.at] ?? 0] ?? "";
      return { seq, by: writers[name] ?? "unit" };
    }
    from = seq - 1;
  }
  return undefined;
}
