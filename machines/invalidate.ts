import { iova, pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { Guest, InFlight } from "../projections/guest.ts";
import { coversEntry } from "../projections/host-entry.ts";
import type { IotlbScope, Range } from "../projections/iotlb-scope.ts";
import { coveredRange } from "../projections/iotlb-scope.ts";
import { hostsWhere, refreshHosts } from "./attach.ts";
import { drain } from "./in-flight.ts";
import { pendingRanges, synchronise } from "./synchronise.ts";
import type { Turn } from "./turn.ts";
import { guestIn, record } from "./turn.ts";

type ContextScope = Omit<FactOf<"ContextInvalidated">, "type">;

/** Forgets cached contexts and reads those that were covered anew. */
export function invalidateContexts(turn: Turn, scope: ContextScope): void {
  const fact: FactOf<"ContextInvalidated"> = { type: "ContextInvalidated", ...scope };
  const covered = hostsWhere(guestIn(turn), (entry) => coversEntry(fact, entry));
  record(turn, fact);
  if (guestIn(turn).charts.translation === "enabled") refreshHosts(turn, covered);
}

/** The domain-id of the translation that a request in flight used, or `undefined`. */
function domainOf(guest: Guest, flight: InFlight): number | undefined {
  if (flight.shadow !== undefined) return guest.shadows[flight.shadow]?.did;
  const requester = guest.devices[flight.device]?.requester;
  const entry = requester === undefined ? undefined : guest.hosts[requester];
  return entry?.state === "virtual" ? entry.did : undefined;
}

/** Lands what is in flight through translations that an invalidation covers. */
function drainCovered(turn: Turn, scope: IotlbScope): void {
  const guest = guestIn(turn);
  drain(turn, (flight) => {
    const did = domainOf(guest, flight);
    const covered = did === undefined ? undefined : coveredRange(scope, did);
    const page = pageOf(flight.iova);
    return covered !== undefined && page >= covered.first && page < covered.end;
  });
}

/**
 * Forgets cached translations; lands what used them; reads what is pending and covered anew. What
 * was pending is found before the invalidation clears the marks.
 */
export function invalidateIotlb(turn: Turn, scope: IotlbScope): void {
  drainCovered(turn, scope);
  const work: { id: number; covered: Range; ranges: readonly Range[] }[] = [];
  for (const shadow of Object.values(guestIn(turn).shadows)) {
    const covered = coveredRange(scope, shadow.did);
    if (covered === undefined) continue;
    const ranges = pendingRanges(shadow, covered.first, covered.end);
    work.push({ id: shadow.id, covered, ranges });
  }
  record(turn, { type: "IotlbInvalidated", ...scope });
  for (const { id, covered, ranges } of work) synchronise(turn, id, ranges, covered);
}

/** The scope of a page-selective invalidation of 2^`am` pages around an address. */
export function pageScope(did: number, address: bigint, am: number, leafOnly: boolean): IotlbScope {
  const length = 4096n << BigInt(am);
  const first = address - (address % length);
  return {
    scope: "page",
    did,
    iova: iova(first),
    length: length > 1n << 64n ? 1n << 64n : length,
    ...(leafOnly ? { leafOnly } : {}),
  };
}
