import type { SourceId } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { FactOf, HostState } from "../../events/fact.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import type { Radix } from "../../tables/radix.ts";
import { radixForEach, radixGet, radixSet } from "../../tables/radix.ts";

/** What the host's own entry says for the requests of one source-id, with one PASID or without. */
export interface HostEntry {
  readonly source: SourceId;
  /** Of the requests that the entry is for; `undefined` for those without. */
  readonly pasid: number | undefined;
  /**
   * `blocked`: every request faults with `reason`. `passThrough`: the P2M alone. `shadowed`: by
   * `shadow`. `nested`: by the guest's own first stage, over the P2M or over `shadow`. `virtual`:
   * the device model asks with each request, and walks from `root` or by `space`. `refused`: the
   * host has no way to do what the guest asks.
   */
  readonly state: HostState;
  /** The tag that invalidations match: the guest's domain-id, or 0 for what faulted. */
  readonly did: number;
  readonly reason: number;
  /** Qualified faults are not recorded. */
  readonly fpd: boolean;
  /** The PASID whose entry was read, in scalable mode; the other tag of invalidations. */
  readonly tag: number | undefined;
  /** Supervisor and execute requests are allowed. */
  readonly sre: boolean;
  readonly ere: boolean;
  /** Requests ask for supervisor rights whether they say so or not. */
  readonly privileged: boolean;
  /** Translation requests and translated requests are allowed; page requests are. */
  readonly ats: boolean;
  readonly pri: boolean;
  readonly shadow: number | undefined;
  /** The first stage, where there is one. */
  readonly space: number | undefined;
  /** Guest page of the top second-stage table, and its levels, where there is one. */
  readonly root: number | undefined;
  readonly levels: number;
  /**
   * Number of the first event that changed a root or context word of the walk unannounced, or 0.
   */
  readonly pending: number;
  /** The same of words of the PASID directory and the PASID entry. */
  readonly pasidPending: number;
}

/** The entry that a fact describes. */
export function hostEntryOf(fact: FactOf<"HostEntryChanged">): HostEntry {
  return {
    source: fact.source,
    pasid: fact.pasid,
    state: fact.state,
    did: fact.did,
    reason: fact.reason ?? 0,
    fpd: fact.fpd,
    tag: fact.tag,
    sre: fact.sre === true,
    ere: fact.ere === true,
    privileged: fact.privileged === true,
    ats: fact.ats === true,
    pri: fact.pri === true,
    shadow: fact.shadow,
    space: fact.space,
    root: fact.root === undefined ? undefined : pageOf(fact.root),
    levels: fact.levels ?? 0,
    pending: 0,
    pasidPending: 0,
  };
}

/** Every requester's host entries, by `requesterKey`. */
export type HostEntries = Radix<HostEntry>;

/**
 * The number of a source-id and a PASID, or none, in maps of both: those without PASID lie before
 * all others, in the order of source-ids.
 */
export const requesterKey = (source: number, pasid: number | undefined): number =>
  pasid === undefined ? source : (pasid + 1) * 0x10000 + source;

/** The entry that requests of a source-id meet, with one PASID or without. */
export const hostAt = (
  hosts: HostEntries,
  source: number,
  pasid: number | undefined,
): HostEntry | undefined => radixGet(hosts, requesterKey(source, pasid));

const withHost = (hosts: HostEntries, entry: HostEntry): HostEntries =>
  radixSet(hosts, requesterKey(entry.source, entry.pasid), entry);

/** The entries without one. */
export const withoutHost = (
  hosts: HostEntries,
  { source, pasid }: Pick<HostEntry, "source"> & { readonly pasid?: number | undefined },
): HostEntries => radixSet(hosts, requesterKey(source, pasid), undefined);

/** The entries once one changed or went, as its chart says; one that is unassigned is not kept. */
export function hostsAfter(
  hosts: HostEntries,
  fact: FactOf<"HostEntryChanged"> | FactOf<"HostEntryDropped">,
): HostEntries {
  const old = hostAt(hosts, fact.source, fact.pasid);
  const state = hostEntry.after(old?.state ?? hostEntry.initial, fact);
  const entry = fact.type === "HostEntryChanged" ? hostEntryOf(fact) : old;
  if (state === "unassigned" || entry === undefined) return withoutHost(hosts, fact);
  return withHost(hosts, { ...entry, state });
}

/** The entries that `concerned` picks, those without PASID first. */
export function hostsWhere(
  hosts: HostEntries,
  concerned: (entry: HostEntry) => boolean = () => true,
): readonly HostEntry[] {
  const found: HostEntry[] = [];
  radixForEach(hosts, 0, Number.MAX_SAFE_INTEGER, (_key, entry) => {
    if (concerned(entry)) found.push(entry);
  });
  return found;
}

/** Which part of an entry's path changed: root and context entry, or what the PASID selects. */
export type PathPart = "pending" | "pasidPending";

/** The entries with those marked that event `seq` changed unannounced; an earlier mark stays. */
export function markHosts(
  hosts: HostEntries,
  seq: number,
  part: PathPart,
  concerned: (entry: HostEntry) => boolean,
): HostEntries {
  let next = hosts;
  for (const entry of hostsWhere(hosts, (one) => one[part] === 0 && concerned(one))) {
    next = withHost(next, { ...entry, [part]: seq });
  }
  return next;
}

/** The entries without the marks of those that an invalidation covers. */
export function clearHosts(
  hosts: HostEntries,
  part: PathPart,
  covered: (entry: HostEntry) => boolean,
): HostEntries {
  let next = hosts;
  for (const entry of hostsWhere(hosts, (one) => one[part] !== 0 && covered(one))) {
    next = withHost(next, { ...entry, [part]: 0 });
  }
  return next;
}
