import type { World } from "../../projections/world.ts";
import { byteIn, pageAsWritten, pageAt } from "../../tables/memory.ts";
import type { Chunk } from "../columns/chunk.ts";
import { addressIn, mayHavePage, pageIn } from "../columns/chunk.ts";
import { rowOf } from "../columns/columns.ts";
import { eventNames, eventNumber, inputNames, longestWrite } from "../columns/event-column.ts";
import type { Wanted } from "../columns/scan.ts";
import { scan } from "../columns/scan.ts";
import { worldWithin } from "../step.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";

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
  const [first, last] = [Number(gpa / 4096n), Number((end - 1n) / 4096n)];
  const pages: number[] = [];
  for (let page = gpa / 4096n; page * 4096n < end; page++) pages.push(Number(page));
  return {
    mayBeIn: (chunk) =>
      lengthsOf(chunk) !== undefined && pages.some((page) => mayHavePage(chunk, "gpa", page)),
    isAt: (chunk, at) => {
      const bytes = lengthsOf(chunk)?.[at] ?? 0;
      if (bytes === 0 || (chunk.plain.guest?.[at] ?? 0) !== guest) return false;
      // Most are of other pages, and numbers tell that sooner than whole addresses.
      const page = pageIn(chunk, "gpa", at);
      if (page > last || page + Math.ceil(bytes / 4096) < first) return false;
      const from = addressIn(chunk, "gpa", at);
      return from < end && (bytes === longestWrite || gpa < from + BigInt(bytes));
    },
  };
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
  const wanted = touching(place, ({ written }) => written);
  for (let from = Math.min(until, timeline.end.seq); from >= 1; ) {
    const seq = scan(timeline.columns, { from, to: 1 }, wanted);
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
