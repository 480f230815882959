import { gpa, sourceId } from "../events/address.ts";
import { ContextEntry, levelsOfWidth } from "../events/context/context-entry.ts";
import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { RemappedEntry } from "../events/interrupt/interrupt-entry.ts";
import { parseMsi } from "../events/interrupt/interrupt-request.ts";
import { fold } from "../hypervisor/fold.ts";
import { evolve } from "../projections/evolve.ts";
import type { FaultEntry } from "../projections/fault/faults.ts";
import type { Guest } from "../projections/guest.ts";
import { readInterruptEntry } from "../projections/interrupt/interrupt-entry.ts";
import type { World } from "../projections/world.ts";
import { evictions } from "./evict.ts";
import { requesterOf } from "./machine.ts";
import type { Seen } from "./sight.ts";
import { entriesRead } from "./table-view.ts";

/** A step that the model and a target take differently. */
export interface Parting {
  readonly input: Input;
  readonly seen: Seen;
  readonly before: World;
  readonly facts: readonly Fact[];
}

/** What a step comes to in a model that decides otherwise. */
export interface Otherwise {
  readonly world: World;
  readonly facts: readonly Fact[];
}

/** The world with another guest. */
const withGuest = (world: World, change: (guest: Guest) => Guest): World => ({
  ...world,
  guests: world.guests.map((guest, index) => (index === 0 ? change(guest) : guest)),
});

type Records = readonly (FaultEntry | undefined)[];

const withRecords = (world: World, records: Records): World =>
  withGuest(world, (guest) => ({ ...guest, faults: { ...guest.faults, records } }));

/** A fault of a source-id that has a record gets one of its own. */
export function* uncollapsed({ before, input }: Parting): Generator<Otherwise> {
  const own = before.guests[0]?.faults.records ?? [];
  // The records of others: no device of the machine has a source-id on the last bus.
  const others = own.map((one) => one && { ...one, source: sourceId(one.source | 0xff00) });
  const { world, facts } = fold(withRecords(before, others), input);
  const records = world.guests[0]?.faults.records ?? [];
  yield {
    world: withRecords(
      world,
      records.map((one, at) => own[at] ?? one),
    ),
    facts,
  };
}

/** A fault takes another record that is free. */
export function* inOtherRecords({ before, input }: Parting): Generator<Otherwise> {
  const { records, next } = before.guests[0]?.faults ?? { records: [], next: 0 };
  for (const [at, record] of records.entries()) {
    if (record !== undefined || at === next) continue;
    const moved = withGuest(before, (guest) => ({
      ...guest,
      faults: { ...guest.faults, next: at },
    }));
    yield fold(moved, input);
  }
}

const svt = RemappedEntry.mask("svt");

/** A reserved SVT of the interrupt entry that is used verifies nothing. */
export function* unverified({ before, input }: Parting): Generator<Otherwise> {
  const [guest] = before.guests;
  if (guest === undefined || input.type !== "MsiRequest") return;
  const { index } = parseMsi(input.address, input.data);
  const entry = index === undefined ? undefined : readInterruptEntry(guest, index);
  if (index === undefined || entry === undefined || (entry & svt) !== svt) return;
  const known = { type: "InterruptEntryCached", index, entry: entry & ~svt } as const;
  yield fold(evolve(before, known), input);
}

/** A width that no unit has. */
const noWidth = ContextEntry.mask("aw");
const { passThrough } = ContextEntry.fields.tt.names;

/** A context of legacy mode that passes through without the unit's largest width is wrong. */
export function* narrowed({ before, input }: Parting): Generator<Otherwise> {
  const [guest] = before.guests;
  if (guest === undefined || input.type !== "Dma") return;
  const source = requesterOf(input.device);
  const last = entriesRead(guest, source).at(-1);
  if (last?.table !== "context" || last.entry === undefined) return;
  const { tt, aw } = ContextEntry.decode(last.entry);
  const most = Math.max(...guest.profile.levels);
  if (tt !== passThrough || levelsOfWidth(aw) === most) return;
  const bytes = new Uint8Array(new BigUint64Array([(last.entry | noWidth) >> 64n]).buffer);
  const at = gpa(last.address + 8n);
  const written = fold(before, { type: "MemoryWrite", gpa: at, bytes, flushed: true }).world;
  for (const world of evictions(written, source, input)) yield fold(world, input);
}
