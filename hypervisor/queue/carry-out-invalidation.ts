import type { Range } from "../../events/address.ts";
import { isWithin, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest, InFlight } from "../../projections/guest.ts";
import { hostAt, hostsWhere } from "../../projections/host/host-entry.ts";
import type {
  ContextScope,
  IotlbScope,
  PasidIotlbScope,
  PasidScope,
} from "../../projections/queue/evolve-queue.ts";
import {
  coveredOfPasid,
  coveredRange,
  coversContext,
  coversFirstStages,
  coversPasid,
} from "../../projections/queue/evolve-queue.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import { resolve } from "../context/resolve.ts";
import { drain, land } from "../device/in-flight.ts";
import { keyOf, refreshHosts, requestersOf } from "../host/attach.ts";
import type { Key } from "../host/tables-for-entry.ts";
import { pendingRanges, synchronise } from "../shadow/synchronise.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";

/**
 * Before anything is forgotten the unit sees all that waits in the write buffer.
 *
 * Reading: each invalidation of contexts, PASIDs, IOTLB and interrupt entries does so, through
 * registers, the queue, or where the unit invalidates by itself (SRTP and SIRTP with CAP.ESRTPS and
 * CAP.ESIRTPS, page requests); one of device TLBs, and a wait, do not.
 */
function drainBuffer(turn: Turn): void {
  if (guestIn(turn).memory.buffered.size > 0) record(turn, { type: "WriteBufferDrained" });
}

/** Forgets cached interrupt entries, those of a range or all. */
export function invalidateInterrupts(
  turn: Turn,
  fact: FactOf<"InterruptEntriesInvalidated">,
): void {
  drainBuffer(turn);
  record(turn, fact);
}

/** Forgets cached contexts and reads those that were covered anew. */
export function invalidateContexts(turn: Turn, scope: ContextScope): void {
  drainBuffer(turn);
  const fact: FactOf<"ContextInvalidated"> = { ...scope, type: "ContextInvalidated" };
  const { ecs } = guestIn(turn).profile;
  const covered = hostsWhere(guestIn(turn).hosts, (entry) => coversContext(fact, entry, ecs));
  record(turn, fact);
  if (guestIn(turn).charts.translation === "enabled") refreshHosts(turn, covered.map(keyOf));
}

/** Requesters that a PASID may have come into being for: their contexts are scalable and valid. */
const newKeys = (turn: Turn, pasid: number): readonly Key[] =>
  requestersOf(guestIn(turn))
    .map((source) => ({ source, pasid }))
    .filter(({ source }) => {
      const { hosts } = guestIn(turn);
      return hostAt(hosts, source, pasid) === undefined && isPresent(guestIn(turn), source, pasid);
    });

const isPresent = (guest: Guest, source: number, pasid: number): boolean => {
  const context = resolve(guest, source, pasid);
  return context.kind !== "blocked";
};

/**
 * Forgets cached PASID entries and reads those that were covered anew. An entry that is announced
 * and new is set up before the device uses it.
 */
export function invalidatePasids(turn: Turn, scope: PasidScope): void {
  drainBuffer(turn);
  const fact: FactOf<"PasidCacheInvalidated"> = { ...scope, type: "PasidCacheInvalidated" };
  const { ecs } = guestIn(turn).profile;
  const covered = hostsWhere(guestIn(turn).hosts, (entry) => coversPasid(fact, entry, ecs));
  record(turn, fact);
  if (guestIn(turn).charts.translation !== "enabled") return;
  const fresh = scope.pasid === undefined ? [] : newKeys(turn, scope.pasid);
  refreshHosts(turn, [...covered.map(keyOf), ...fresh]);
}

/** Forgets cached entries of first stages, and lands what used them. */
export function invalidatePasidIotlb(turn: Turn, scope: PasidIotlbScope): void {
  drainBuffer(turn);
  const { spaces } = guestIn(turn);
  drain(turn, ({ space, iova: address }) => {
    const cached = space === undefined ? undefined : spaces[space];
    const covered = cached && coveredOfPasid(scope, cached);
    return covered !== undefined && isWithin(pageOf(address), covered);
  });
  record(turn, { ...scope, type: "PasidIotlbInvalidated" });
}

/** The domain-id of the translation that a request in flight used, or `undefined`. */
function domainOf(guest: Guest, flight: InFlight): number | undefined {
  if (flight.translated) return undefined;
  if (flight.space !== undefined) return guest.spaces[flight.space]?.did;
  if (flight.shadow !== undefined) return shadowAt(guest, flight.shadow)?.did;
  const requester = deviceAt(guest, flight.device)?.requester;
  const entry = requester === undefined ? undefined : hostAt(guest.hosts, requester, flight.pasid);
  return entry?.state === "virtual" ? entry.did : undefined;
}

/** Whether an IOTLB invalidation covers the translation that a request in flight used. */
function isCovered(guest: Guest, flight: InFlight, scope: IotlbScope): boolean {
  const did = domainOf(guest, flight);
  if (did === undefined) return false;
  if (flight.space !== undefined) return coversFirstStages(scope, did);
  const covered = coveredRange(scope, did);
  return covered !== undefined && isWithin(pageOf(flight.iova), covered);
}

/** Lands what is in flight through translations that an invalidation covers. */
function drainCovered(turn: Turn, scope: IotlbScope): void {
  const guest = guestIn(turn);
  const { inFlight } = guest;
  for (const tag in inFlight) {
    if (isCovered(guest, inFlight[tag] as InFlight, scope)) land(turn, Number(tag));
  }
}

/**
 * Forgets cached translations; lands what used them; reads what is pending and covered anew. What
 * was pending is found before the invalidation clears the marks.
 */
export function invalidateIotlb(turn: Turn, fact: FactOf<"IotlbInvalidated">): void {
  drainBuffer(turn);
  drainCovered(turn, fact);
  const work: { id: number; covered: Range; ranges: readonly Range[] }[] = [];
  for (const shadow of shadowsOf(guestIn(turn))) {
    const covered = coveredRange(fact, shadow.did);
    if (covered === undefined) continue;
    const ranges = pendingRanges(shadow, covered.first, covered.end);
    if (ranges.length > 0) work.push({ id: shadow.id, covered, ranges });
  }
  record(turn, fact);
  for (const { id, covered, ranges } of work) synchronise(turn, id, ranges, covered);
}
