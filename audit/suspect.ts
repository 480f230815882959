import type { Iova, Range, SourceId } from "../events/address.ts";
import { iovaOfPage, isWithin } from "../events/address.ts";
import type { Changed } from "../history/near-miss.ts";
import type { Told } from "../history/told.ts";
import type { Asked } from "../hypervisor/translate/guest-answer.ts";
import { entryBytes } from "../hypervisor/translate/path-table.ts";
import { translate } from "../hypervisor/translate/translate.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { coveredOfPasid, coveredRange } from "../projections/queue/evolve-queue.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import type { World } from "../projections/world.ts";
import { capacity, get } from "../tables/page-tree.ts";
import { forEachRun } from "../tables/page-tree-range.ts";
import type { Writers } from "./writers.ts";

/** A change that was not announced when a request met it. */
export interface Suspect extends Changed {
  /** Number of the event that made it. */
  readonly since: number;
  readonly host: HostEntry;
  /** The pages around the one that was asked for which the same event changed. */
  readonly run: Range;
}

/** Pages on each side of a page that are looked at for the same change. */
const around = 512;

const alone = (page: number): Range => ({ first: page, end: page + 1 });

/** The pages next to each other that the same event left open. */
function runAround(guest: Guest, host: HostEntry, page: number, since: number): Range {
  const shadow = shadowAt(guest, host.shadow);
  if (shadow === undefined) return alone(page);
  const [low, high] = [Math.max(0, page - around), page + around];
  let run = alone(page);
  forEachRun(
    shadow.pending,
    low,
    Math.min(high, capacity(shadow.pending)),
    (first, count, mark) => {
      if (Math.floor(mark / 2) !== since) return;
      if (isWithin(page, { first, end: first + count })) run = { first, end: first + count };
    },
  );
  return run;
}

/** What is open on the way of a request, by the marks of the state. */
export function markedSuspect(guest: Guest, host: HostEntry, page: number): Suspect | undefined {
  const { did, tag: pasid, source } = host;
  const key = { did, pasid, source, page, host };
  if (host.pending !== 0) {
    return { ...key, table: "context", since: host.pending, run: alone(page) };
  }
  if (host.pasidPending !== 0) {
    return { ...key, table: "PASID entry", since: host.pasidPending, run: alone(page) };
  }
  const shadow = host.state === "shadowed" ? shadowAt(guest, host.shadow) : undefined;
  const mark = shadow === undefined ? 0 : get(shadow.pending, page);
  if (mark === 0) return undefined;
  const since = Math.floor(mark / 2);
  const run = runAround(guest, host, page, since);
  return { ...key, table: "second stage", level: mark % 2 === 1 ? 2 : 1, since, run };
}

/** What was written last on the way of a request of which no marks are kept. */
export function walkedSuspect(
  world: World,
  guest: number,
  device: SourceId,
  host: HostEntry,
  page: number,
  asked: Asked,
  writers: Writers,
): Suspect {
  const iova: Iova = iovaOfPage(page);
  const { steps, scalable } = translate(world, guest, device, iova, asked);
  const { did, tag: pasid, source } = host;
  const key = { did, pasid, source, page, host, run: alone(page) };
  let found: Suspect = { ...key, table: "first stage", since: 0 };
  for (const { table, level, address } of steps) {
    const since = writers.last(address, entryBytes(table, scalable) / 8);
    if (since >= found.since) found = { ...key, table, level, since };
  }
  return found;
}

/** Whether an invalidation of pages covers what is cached of a suspect. */
function isCovered({ fact }: Told, { did, pasid, page }: Suspect): boolean {
  if (fact.type === "IotlbInvalidated") {
    const range = coveredRange(fact, did);
    return range !== undefined && (pasid !== undefined || isWithin(page, range));
  }
  if (fact.type !== "PasidIotlbInvalidated") return false;
  const range = coveredOfPasid(fact, { did, pasid });
  return range !== undefined && isWithin(page, range);
}

/** Whether a change is as unannounced as it was, once some invalidations were executed. */
export function isOpen(suspect: Suspect, guest: Guest, told: readonly Told[]): boolean {
  const { host, page, since, table } = suspect;
  const now = hostAt(guest.hosts, host.source, host.pasid);
  if (now === undefined) return false;
  if (table === "context" || table === "root") return now.pending === since;
  if (table === "PASID entry" || table === "PASID directory") return now.pasidPending === since;
  if (now.state !== host.state || now.did !== host.did) return false;
  const shadow = table === "second stage" ? shadowAt(guest, now.shadow) : undefined;
  if (shadow === undefined || now.state !== "shadowed") {
    return !told.some((one) => isCovered(one, suspect));
  }
  return Math.floor(get(shadow.pending, page) / 2) === since;
}
