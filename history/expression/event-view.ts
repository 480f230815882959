import { formatSourceId } from "../../events/address.ts";
import { facts } from "../../events/fact.ts";
import type { FieldTable, Kind } from "../../events/field.ts";
import { inputs } from "../../events/input.ts";
import { registersOf } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import { bytesWritten, longestWrite } from "../columns/event-column.ts";
import { isFlush } from "../entry-writers.ts";
import type { MemoryDrained } from "../memory-use/memory-drained.ts";
import { memoryDrained } from "../memory-use/memory-drained.ts";
import type { NumberedEvent } from "../timeline/seek.ts";
import { stepOfEvent } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { findingsAt } from "../timeline/timeline.ts";
import type { EventView } from "./environment.ts";
import { nameOfField } from "./name.ts";

const tables: Readonly<Record<string, FieldTable>> = { ...inputs, ...facts };

/** A value as the language has it: whole numbers as bigints, source-ids as they are written. */
function valueOfKind(kind: Kind | undefined, value: unknown): unknown {
  if (value === undefined) return null;
  switch (kind?.is) {
    case "device":
      return formatSourceId(Number(value));
    case "integer":
      return BigInt(Number(value));
    case "list":
      return (value as readonly unknown[]).map((item) => valueOfKind(kind.of.kind, item));
    case "object": {
      const source = value as Readonly<Record<string, unknown>>;
      const fields = Object.entries(kind.shape).filter(([name]) => source[name] !== undefined);
      return Object.fromEntries(
        fields.map(([name, of]) => [nameOfField(name), valueOfKind(of.kind, source[name])]),
      );
    }
    default:
      return value;
  }
}

/** The name of the register that an offset lies in, of a unit as the set-up has it. */
export function registerName(start: World, guest: number, offset: number): string | null {
  const profile = start.guests[guest]?.profile;
  return (profile && registersOf(profile).at(offset)?.name) ?? null;
}

/** Tells whether the translation of a page changed at an input. */
export type ChangesAt = (
  cause: number,
  device: string,
  iova: bigint,
  pasid: bigint | undefined,
) => boolean;

/** Whether ranges of bytes overlap; a length of `longestWrite` may be any more. */
export function isWritten(from: bigint, written: number, gpa: bigint, length: bigint): boolean {
  if (written === 0 || gpa + length <= from) return false;
  return written === longestWrite || gpa < from + BigInt(written);
}

/** What expressions ask beside the event. */
export interface Surroundings {
  /** The world before the first event. */
  readonly start: World;
  /** The laws that did not hold at an event. */
  readonly lawsAt: (seq: number) => readonly string[];
  readonly changesAt: ChangesAt;
  /** What an event made the unit see of what waited in the write buffer. */
  readonly drainedAt: (seq: number) => MemoryDrained | undefined;
}

/** What a timeline says beside its events. */
export const surroundingsOf = (timeline: Timeline, changesAt: ChangesAt): Surroundings => ({
  start: timeline.checkpoints.kept[0]?.world as World,
  lawsAt: (seq) => findingsAt(timeline, seq).map(({ law }) => law),
  changesAt,
  drainedAt: (seq) => {
    const step = stepOfEvent(timeline, seq);
    return step && memoryDrained(step, seq);
  },
});

/** What expressions ask of an event that is at hand. */
export function viewOfEvent(
  { start, lawsAt, changesAt, drainedAt }: Surroundings,
  { seq, cause, event }: NumberedEvent,
): EventView {
  const table = tables[event.type] ?? {};
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  const field = (name: string): unknown => {
    const own = name === "content" ? "bytes" : name;
    return Object.hasOwn(table, own) ? valueOfKind(table[own]?.kind, fields[own]) : null;
  };
  const guest = event.guest ?? 0;
  const known: Readonly<Record<string, () => unknown>> = {
    seq: () => BigInt(seq),
    cause: () => BigInt(cause),
    event: () => event.type,
    input: () => (seq === cause ? event.type : null),
    fact: () => (seq === cause ? null : event.type),
    guest: () => BigInt(guest),
    laws: () => lawsAt(seq),
    register: () => ("offset" in event ? registerName(start, guest, event.offset) : null),
  };
  return {
    valueOf: (name) => (Object.hasOwn(known, name) ? known[name]?.() : field(name)),
    writes: (gpa, length) => {
      const drained = isFlush(event) ? drainedAt(seq) : undefined;
      if (drained !== undefined) return isWritten(drained.gpa, drained.length, gpa, length);
      if (!("gpa" in event) || event.gpa === undefined) return false;
      return isWritten(event.gpa, bytesWritten(event), gpa, length);
    },
    changes: (device, iova, pasid) => changesAt(cause, device, iova, pasid),
  };
}
