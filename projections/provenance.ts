import type { Gpa } from "../events/address.ts";
import { pageOf } from "../events/address.ts";
import type { Fact } from "../events/fact.ts";
import type { Guest } from "./guest.ts";
import { coversContext, hostAt } from "./host-entry.ts";
import { pageAt, wordIn } from "./memory.ts";
import { get } from "./page-tree.ts";
import type { Step } from "./step.ts";
import type { PlaceFact, UsedPage, Uses } from "./use.ts";
import { noUses, useIn, withUse } from "./use.ts";

/** An entry that a walk reads. */
export interface PathEntry {
  readonly table: string;
  readonly level: number | undefined;
  /** A multiple of 8. */
  readonly address: Gpa;
  /** Words of 64 bits in the entry: 2 for root and context entries, 1 in second-stage tables. */
  readonly words: 1 | 2;
}

/** What is followed: one page of one device, and the entries that its walk reads. */
export interface Place extends UsedPage {
  readonly entries: readonly PathEntry[];
}

/** A change of an entry. */
export interface EntryWrite {
  /** Number of the input that changed it. */
  readonly seq: number;
  readonly by: "cpu" | "flush" | "device" | "unit" | "host";
  readonly from: bigint;
  readonly to: bigint;
  /** The first fact after it that covered it; `undefined` while there is none. */
  readonly announced: Announcement | undefined;
}

/** An invalidation that covers an entry, or the host entry being made anew. */
export interface Announcement {
  readonly seq: number;
  readonly type: "ContextInvalidated" | "IotlbInvalidated" | "HostEntryChanged";
}

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
const withNewest = <T>(items: readonly T[], item: T): readonly T[] => [
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

function entryValue(guest: Guest | undefined, { address, words }: PathEntry): bigint {
  if (guest === undefined) return 0n;
  const page = pageAt(guest.memory, pageOf(address));
  const offset = Number(address & 0xff8n);
  const low = wordIn(page, offset);
  return words === 1 ? low : low | (wordIn(page, offset + 8) << 64n);
}

/** Whether an invalidation tells the unit that an entry of the path may have changed. */
function covers(fact: Fact, trail: Trail, step: Step, entry: PathEntry): boolean {
  const { guest: index, device, page } = trail.place;
  const guest = step.before.guests[index];
  const source = guest?.devices[device]?.requester ?? device;
  const host = guest && hostAt(guest.hosts, source, undefined);
  if (fact.type === "ContextInvalidated") {
    if (entry.words === 1) return false;
    if (host !== undefined) return coversContext(fact, host);
    return fact.scope === "global" || fact.source === source;
  }
  if (fact.type !== "IotlbInvalidated" || entry.words === 2) return false;
  if (fact.scope === "global") return true;
  if (host === undefined || fact.did !== host.did) return false;
  if (fact.scope === "domain") return true;
  const first = pageOf(fact.iova ?? 0n);
  const covered = page >= first && page < first + pageOf(fact.length ?? 0n);
  return covered && !(fact.leafOnly === true && (entry.level ?? 1) > 1);
}

/** The first fact of a step that announces changes of an entry. */
function announcementIn(step: Step, trail: Trail, entry: PathEntry): Announcement | undefined {
  const { guest, device } = trail.place;
  const source = step.after.guests[guest]?.devices[device]?.requester ?? device;
  for (const [index, fact] of step.facts.entries()) {
    if ((fact.guest ?? 0) !== guest) continue;
    const { type } = fact;
    const isAttached = type === "HostEntryChanged" && fact.source === source;
    if (isAttached) return { seq: step.seq + 1 + index, type };
    if (type !== "ContextInvalidated" && type !== "IotlbInvalidated") continue;
    if (covers(fact, trail, step, entry)) return { seq: step.seq + 1 + index, type };
  }
  return undefined;
}

function followEntry(trail: Trail, old: EntryTrail, step: Step): EntryTrail {
  const { entry } = old;
  let { writes } = old;
  const index = trail.place.guest;
  const [before, after] = [step.before.guests[index], step.after.guests[index]];
  const by = writers[step.input.type] ?? "unit";
  if (before?.memory !== after?.memory) {
    const [from, to] = [entryValue(before, entry), entryValue(after, entry)];
    if (from !== to) {
      writes = withNewest(writes, { seq: step.seq, by, from, to, announced: undefined });
    }
  }
  const isOpen = writes.some((write) => write.announced === undefined);
  const announced = isOpen ? announcementIn(step, trail, entry) : undefined;
  if (announced !== undefined) {
    writes = writes.map((write) => ({ ...write, announced: write.announced ?? announced }));
  }
  return writes === old.writes ? old : { entry, writes };
}

/** Whether a step changed what a shadow has for the page: an unmapping of everything may not. */
function mappingChanged(shadow: number, { guest, page }: UsedPage, step: Step): boolean {
  const before = step.before.guests[guest]?.shadows[shadow];
  const after = step.after.guests[guest]?.shadows[shadow];
  if (before === undefined || after === undefined) return before !== after;
  return (
    get(before.stage, page) !== get(after.stage, page) ||
    get(before.host, page) !== get(after.host, page)
  );
}

/** Whether a fact says what the shadow has for the page, or what the device's host entry is. */
function isAbout(fact: Fact, place: UsedPage, step: Step): boolean {
  const { guest: index, device, page } = place;
  if ((fact.guest ?? 0) !== index) return false;
  const guest = step.after.guests[index];
  const source = guest?.devices[device]?.requester ?? device;
  if (fact.type === "HostEntryChanged") return fact.source === source;
  const isShadowed =
    fact.type === "ShadowMapped" ||
    fact.type === "ShadowBlocked" ||
    fact.type === "ShadowUnmapped" ||
    fact.type === "ShadowShared";
  const shadow = guest && hostAt(guest.hosts, source, undefined)?.shadow;
  if (!isShadowed || fact.shadow !== shadow) return false;
  if (!mappingChanged(fact.shadow, place, step)) return false;
  const first = pageOf(fact.iova);
  const count = fact.type === "ShadowShared" ? pageOf(fact.length) * fact.copies : fact.count;
  return page >= first && page < first + count;
}

/** The facts of a step about a page's mapping, or about its device's host entry, in order. */
export const factsAbout = (place: UsedPage, step: Step): readonly PlaceFact[] =>
  step.facts.flatMap((fact, index) =>
    isAbout(fact, place, step) ? [{ seq: step.seq + 1 + index, cause: step.seq, fact }] : [],
  );

/** What is known once one more step was taken. */
export function followTrail(trail: Trail, step: Step): Trail {
  const entries = trail.entries.map((entry) => followEntry(trail, entry, step));
  const isNew = factsAbout(trail.place, step).some((of) => of.fact.type !== "HostEntryChanged");
  let uses = isNew ? noUses : trail.uses;
  const use = useIn(trail.place, step);
  if (use !== undefined && use.interrupt === undefined) uses = withUse(uses, use);
  return { place: trail.place, entries, uses };
}
