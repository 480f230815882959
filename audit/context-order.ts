import { formatSourceId, hex } from "../events/address.ts";
import type { Told, ToldBefore } from "../history/told.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import { coversContext, coversPasid } from "../projections/queue/evolve-queue.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { ToldRecord } from "./record.ts";
import { hasGoneOn, toldBetween } from "./record.ts";

/** An entry of a device that the caches have forgotten, and not yet what was translated by it. */
interface Owed {
  /** The invalidation of the context cache or the PASID cache. */
  readonly seq: number;
  readonly cache: "context" | "PASID";
  readonly since: number;
  readonly host: HostEntry;
}

/** Finds entries of devices after which the IOTLB was not told. */
export interface ContextOrder {
  readonly told: (guest: Guest, told: Told) => void;
  readonly open: (guest: Guest, now: number, note: Note) => void;
}

/** The entries of which an invalidation announces a change, and that something may be kept by. */
function changedBy(guest: Guest, { fact, seq }: Told): readonly Owed[] {
  const owed = (cache: Owed["cache"], hosts: readonly HostEntry[]): readonly Owed[] =>
    hosts
      .filter(({ state }) => state !== "blocked" && state !== "passThrough")
      .map((host) => {
        const since = cache === "context" ? host.pending : host.pasidPending;
        return { seq, cache, since, host };
      });
  if (fact.type === "ContextInvalidated") {
    const covered = (one: HostEntry): boolean =>
      one.pending !== 0 && coversContext(fact, one, guest.profile.ecs);
    return owed("context", hostsWhere(guest.hosts, covered));
  }
  if (fact.type !== "PasidCacheInvalidated") return [];
  const covered = (one: HostEntry): boolean =>
    one.pasidPending !== 0 && coversPasid(fact, one, guest.profile.ecs);
  return owed("PASID", hostsWhere(guest.hosts, covered));
}

/** Whether an invalidation drops all translations of an entry's domain. */
function dropsAll({ fact }: ToldBefore, { did, tag }: HostEntry): boolean {
  if (fact.type === "IotlbInvalidated") {
    return fact.scope === "global" || (fact.scope === "domain" && fact.did === did);
  }
  if (fact.type !== "PasidIotlbInvalidated") return false;
  return fact.scope === "pasid" && fact.did === did && fact.pasid === tag;
}

function noteOwed({ seq, cache, since, host }: Owed, record: ToldRecord, note: Note): void {
  const early = toldBetween(record, since, seq).findLast((one) => dropsAll(one, host));
  const pasid = host.pasid === undefined ? "" : ` PASID ${hex(host.pasid)}`;
  const domain = `domain ${host.did.toString()}`;
  const whose = `the entry of ${formatSourceId(host.source)}${pasid}, of ${domain}`;
  const told = `the ${cache} cache was told at ${eventText(seq)}`;
  const flushed =
    early === undefined
      ? "no invalidation of the whole domain in the IOTLB follows"
      : `the IOTLB at ${eventText(early.seq)}, before it, and not after it`;
  note({
    rule: early === undefined ? "context-without-iotlb" : "iotlb-before-context",
    at: early?.seq ?? seq,
    guest: 0,
    device: host.source,
    pasid: host.pasid,
    domain: host.did,
    text: `${whose}, was changed at ${eventText(since)}; ${told}; ${flushed}`,
    evidence: [
      { at: since, text: "the entry was changed" },
      ...(early === undefined ? [] : [{ at: early.seq, text: "the IOTLB is told" }]),
      { at: seq, text: `the ${cache} cache is told` },
    ],
  });
}

/** Follows one guest. */
export function startContextOrder(record: ToldRecord): ContextOrder {
  const owed = new Map<string, Owed>();
  return {
    told: (guest, told) => {
      for (const [key, one] of owed) if (dropsAll(told, one.host)) owed.delete(key);
      for (const one of changedBy(guest, told)) {
        owed.set([one.host.source, one.host.pasid ?? "", one.host.did].join(), one);
      }
    },
    open: ({ index }, now, note) => {
      for (const one of owed.values()) {
        if (!hasGoneOn(record, one.seq, now)) continue;
        noteOwed(one, record, (found) => note({ ...found, guest: index }));
      }
    },
  };
}
