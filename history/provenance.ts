import { pageOf } from "../events/address.ts";
import type { Fact, OneFactOf } from "../events/fact.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { get } from "../tables/page-tree.ts";
import { announcementIn } from "./announcement.ts";
import { mapsNothing } from "./decisive.ts";
import type { EntryWrite } from "./entry-write.ts";
import { isFlush } from "./entry-writers.ts";
import { withMisses } from "./missed-writes.ts";
import type { PathEntry, Place } from "./path-entry.ts";
import type { Step } from "./step.ts";
import type { PlaceFact, UsedPage, Uses } from "./use.ts";
import { noUses, useIn, withUse } from "./use.ts";
import { entrySeen } from "./walk-path.ts";

/** An entry, and how it came to be as it is: the newest changes, the last one last. */
export interface EntryTrail {
  readonly entry: PathEntry;
  readonly writes: readonly EntryWrite[];
}

/** What is known about a place after some events. */
export interface Trail {
  readonly place: Place;
  readonly entries: readonly EntryTrail[];
  readonly uses: Uses;
}

const kept = 8;

/** Nothing known yet: the state before the first event. */
export const startTrail = (place: Place): Trail => ({
  place,
  entries: place.entries.map((entry) => ({ entry, writes: [] })),
  uses: noUses,
});

/** The newest of a list with one more. */
export const withNewest = <T>(items: readonly T[], item: T): readonly T[] => [
  ...items.slice(1 - kept),
  item,
];

const writers: Readonly<Record<string, EntryWrite["by"]>> = {
  MemoryWrite: "cpu",
  CacheFlush: "flush",
  Dma: "device",
  DmaComplete: "device",
  P2mMap: "host",
  P2mUnmap: "host",
  P2mProtect: "host",
};

/** Who changed an entry in a step: a DMA's own walk may have, for the unit. */
function writerIn(step: Step, { address, words }: PathEntry): EntryWrite["by"] {
  const end = address + BigInt(words * 8);
  const isUnits = step.facts.some(
    (fact) =>
      fact.type === "MemoryWritten" &&
      fact.gpa < end &&
      fact.gpa + BigInt(fact.bytes.length) > address,
  );
  if (isUnits) return "unit";
  return step.facts.some(isFlush) ? "buffer" : (writers[step.input.type] ?? "unit");
}

/**
 * Whether the unit may keep what an entry said: without caching mode neither a second-stage entry
 * that maps nothing nor what made the requests of the device fault.
 */
export function isKept(
  guest: Guest | undefined,
  { device, pasid }: Place,
  { table }: PathEntry,
  entry: bigint,
): boolean {
  if (table === "first stage") return !mapsNothing({ table, entry });
  if (guest === undefined || guest.profile.cachingMode) return true;
  if (table === "second stage") return !mapsNothing({ table, entry });
  const source = deviceAt(guest, device)?.requester ?? device;
  return hostAt(guest.hosts, source, pasid)?.state !== "blocked";
}

function followEntry(trail: Trail, old: EntryTrail, step: Step): EntryTrail {
  const { entry } = old;
  let { writes } = old;
  const index = trail.place.guest;
  const [before, after] = [step.before.guests[index], step.after.guests[index]];
  if (before?.memory !== after?.memory) {
    const [from, to] = [entrySeen(before, entry), entrySeen(after, entry)];
    if (from !== to) {
      const by = writerIn(step, entry);
      const needed = by !== "unit" && isKept(before, trail.place, entry, from);
      writes = withNewest(writes, { seq: step.seq, by, from, to, needed, announced: undefined });
    }
  }
  const isOpen = writes.some((write) => write.announced === undefined);
  const announced = isOpen ? announcementIn(step, trail.place, entry) : undefined;
  if (announced !== undefined) {
    writes = writes.map((write) => ({ ...write, announced: write.announced ?? announced }));
  } else if (isOpen) writes = withMisses(writes, trail.place, entry, step);
  return writes === old.writes ? old : { entry, writes };
}

/** Whether a step changed what a shadow has for the page: an unmapping of everything may not. */
function mappingChanged(shadow: number, { guest, page }: UsedPage, step: Step): boolean {
  const before = shadowAt(step.before.guests[guest], shadow);
  const after = shadowAt(step.after.guests[guest], shadow);
  if (before === undefined || after === undefined) return before !== after;
  return (
    get(before.stage, page) !== get(after.stage, page) ||
    get(before.host, page) !== get(after.host, page)
  );
}

type MappingFact = OneFactOf<
  "ShadowMapped" | "ShadowBlocked" | "ShadowUnmapped" | "ShadowShared" | "ShadowLinked"
>;

/** The pages that a fact about mappings is about, from its first one on. */
function pagesOf(fact: MappingFact): number {
  if (fact.type === "ShadowShared") return pageOf(fact.length) * fact.copies;
  if (fact.type === "ShadowLinked") return pageOf(fact.length) * fact.from.length;
  return fact.count;
}

/** Whether a fact says what the shadow has for the page, or what the device's host entry is. */
function isAbout(fact: Fact, place: UsedPage, step: Step): boolean {
  const { guest: index, device, page, pasid } = place;
  if ((fact.guest ?? 0) !== index) return false;
  const guest = step.after.guests[index];
  const source = deviceAt(guest, device)?.requester ?? device;
  if (fact.type === "HostEntryChanged" || fact.type === "HostEntryDropped") {
    return fact.source === source && fact.pasid === pasid;
  }
  const host = guest && hostAt(guest.hosts, source, pasid);
  if (fact.type === "FirstStageCreated") return fact.space === host?.space;
  if (fact.type === "FirstStageTablesCached") {
    return fact.space === host?.space && pageOf(fact.iova) === page;
  }
  const isShadowed =
    fact.type === "ShadowMapped" ||
    fact.type === "ShadowBlocked" ||
    fact.type === "ShadowUnmapped" ||
    fact.type === "ShadowShared" ||
    fact.type === "ShadowLinked";
  const shadow = host?.state === "shadowed" ? host.shadow : undefined;
  if (!isShadowed || fact.shadow !== shadow) return false;
  if (!mappingChanged(fact.shadow, place, step)) return false;
  const first = pageOf(fact.iova);
  return page >= first && page < first + pagesOf(fact);
}

/** The facts of a step about a page's mapping, or about its device's host entry, in order. */
export const factsAbout = (place: UsedPage, step: Step): readonly PlaceFact[] =>
  step.facts.flatMap((fact, index) =>
    isAbout(fact, place, step) ? [{ seq: step.seq + 1 + index, cause: step.seq, fact }] : [],
  );

/** Whether a step changed a first-stage entry, other than by its accessed and dirty bits. */
function isRemapped({ entry, writes }: EntryTrail, { seq }: Step): boolean {
  const last = writes.at(-1);
  return entry.table === "first stage" && last?.seq === seq && last.by !== "unit";
}

/** What is known once one more step was taken. */
export function followTrail(trail: Trail, step: Step): Trail {
  const entries = trail.entries.map((entry) => followEntry(trail, entry, step));
  const isNew =
    factsAbout(trail.place, step).some((of) => of.fact.type.startsWith("Shadow")) ||
    entries.some((one) => isRemapped(one, step));
  let uses = isNew ? noUses : trail.uses;
  const use = useIn(trail.place, step);
  if (use !== undefined && use.interrupt === undefined) uses = withUse(uses, use);
  return { place: trail.place, entries, uses };
}
