import { join } from "node:path";
import { masksOf } from "../../events/layout/layout.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { openGrowingFile } from "./growing-file.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { openGuestMemory } from "./guest-memory.ts";
import { files } from "./machine.ts";
import type { MemoryChange } from "./memory-changes.ts";
import { knowMemory } from "./memory-changes.ts";
import { collectTables } from "./table-collector.ts";
import type { TraceRecord } from "./trace-line.ts";
import { readTraceLine } from "./trace-line.ts";
import { trackPointers } from "./unit-pointers.ts";

/** How far a recording is. */
export interface Counts {
  phase: "booting" | "recording";
  /** How often the guest was held. */
  stops: number;
  /** Stores to tables that the plugin saw. */
  stores: number;
  lines: number;
  dma: number;
  faults: number;
  interrupts: number;
  /** Whether the guest was ended by the limit of time. */
  cut: boolean;
  /** The line with which the guest's kernel gave up; `undefined` when it did not. */
  panic: string | undefined;
}

/** Nothing recorded yet. */
export const noCounts = (): Counts => ({
  phase: "booting",
  stops: 0,
  stores: 0,
  lines: 0,
  dma: 0,
  faults: 0,
  interrupts: 0,
  cut: false,
  panic: undefined,
});

const counted = {
  dma: "dma",
  fault: "faults",
  interrupt: "interrupts",
  store: "stores",
} as const;

/** Reads a line of the trace and counts it. */
function countedRecord(line: string, counts: Counts): TraceRecord | undefined {
  const record = readTraceLine(line);
  const kind = record?.event.kind ?? "note";
  if (kind in counted) counts[counted[kind as keyof typeof counted]] += 1;
  return record;
}

const lineOf = ({ gpa, bytes }: MemoryChange): string =>
  JSON.stringify({ mem: `0x${gpa.toString(16)}`, hex: bytes.toString("hex") });

/** The lines of a recording, from one stop of the guest to the next. */
export interface LineSource {
  readonly memory: GuestMemory;
  /** Forgets what was traced before the guest ran. */
  readonly skip: () => void;
  /** Whether the guest has written to the unit's registers. */
  readonly hasStarted: () => boolean;
  /** What was traced since the last call, then what changed in the tables. */
  readonly next: () => readonly string[];
  readonly close: () => void;
}

/**
 * Turns what QEMU traced and what memory holds into lines.
 *
 * @param folder  where QEMU writes both.
 * @param counts  kept up to date.
 */
export function lineSource(folder: string, counts: Counts): LineSource {
  const trace = openGrowingFile(join(folder, files.trace));
  const memory = openGuestMemory(join(folder, files.memory));
  const tables = collectTables(knowMemory(memory));
  const tracker = trackPointers();
  let held: readonly string[] = [];
  const eventLines = (line: string): readonly string[] => {
    const record = countedRecord(line, counts);
    if (record === undefined) return [];
    const { event, text } = record;
    // Memory is looked at instead.
    if (event.kind === "store" || event.kind === "page") return [];
    if (event.kind !== "write") return [text];
    const { tail } = tracker.pointers();
    tracker.write(event.offset, event.size, event.value);
    const after = tracker.pointers();
    // What a new tail announces was written before it.
    return [...tables.queue(after, tail, after.tail).map(lineOf), text];
  };
  return {
    memory,
    skip: (): void => void trace.lines(),
    hasStarted: (): boolean => {
      held = trace.lines();
      return held.some((line) => readTraceLine(line)?.event.kind === "write");
    },
    next: (): readonly string[] => {
      const lines = [...held, ...trace.lines()].flatMap(eventLines);
      held = [];
      lines.push(...tables.tables(tracker.pointers()).map(lineOf));
      counts.lines += lines.length;
      return lines;
    },
    close: (): void => {
      trace.close();
      memory.close();
    },
  };
}

/** The lines of a recording in which the plugin wrote each store where it happened. */
export interface StoreSource extends Pick<LineSource, "skip" | "close"> {
  /** What was traced and stored since the last call. */
  readonly next: () => readonly string[];
  /** Whether the guest has turned on translation, the queue or interrupt remapping. */
  readonly isOn: () => boolean;
}

const { te, qie, ire } = masksOf(Gcmd);

/**
 * Turns what QEMU and the recorder's plugin traced into lines.
 *
 * @param folder  where QEMU writes.
 * @param counts  kept up to date.
 */
export function storeSource(folder: string, counts: Counts): StoreSource {
  const trace = openGrowingFile(join(folder, files.trace));
  let isOn = false;
  const eventLines = (line: string): readonly string[] => {
    const { event, text } = countedRecord(line, counts) ?? {};
    if (event === undefined || text === undefined) return [];
    if (event.kind === "write" && event.offset === at.gcmd) {
      isOn ||= (event.value & (te | qie | ire)) !== 0n;
    }
    return [text];
  };
  return {
    skip: (): void => void trace.lines(),
    isOn: () => isOn,
    next: (): readonly string[] => {
      const lines = trace.lines().flatMap(eventLines);
      counts.lines += lines.length;
      return lines;
    },
    close: trace.close,
  };
}
