import { produce } from "immer";
import type { SourceId } from "../events/address.ts";
import { functionMasks, pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";

/** What the host's own context entry says for the requests of one source-id. */
export interface HostEntry {
  readonly source: SourceId;
  /**
   * `blocked`: every request faults with `reason`. `passThrough`: the P2M alone. `shadowed`: by
   * `shadow`. `virtual`: the device model asks with each request, and walks from `root`. `refused`:
   * the host has no way to do what the guest asks.
   */
  readonly state: "blocked" | "passThrough" | "shadowed" | "virtual" | "refused";
  /** The tag that invalidations match: the guest's domain-id, or 0 for what faulted. */
  readonly did: number;
  readonly reason: number;
  /** Qualified faults are not recorded. */
  readonly fpd: boolean;
  readonly shadow: number | undefined;
  /** Guest page of the top table, and its levels, where there is one. */
  readonly root: number | undefined;
  readonly levels: number;
  /**
   * Number of the first event that changed a root or context word of the walk unannounced, or 0.
   */
  readonly pending: number;
}

/** The entry that a fact describes. */
export function hostEntryOf(fact: FactOf<"HostEntryChanged">): HostEntry {
  return {
    source: fact.source,
    state: fact.state,
    did: fact.did,
    reason: fact.reason ?? 0,
    fpd: fact.fpd,
    shadow: fact.shadow,
    root: fact.root === undefined ? undefined : pageOf(fact.root),
    levels: fact.levels ?? 0,
    pending: 0,
  };
}

/** Whether a context-cache invalidation covers what is cached for an entry. */
export function coversEntry(fact: FactOf<"ContextInvalidated">, entry: HostEntry): boolean {
  if (fact.scope === "global") return true;
  if (fact.did !== entry.did) return false;
  if (fact.scope === "domain") return true;
  const mask = functionMasks[fact.mask ?? 0] as number;
  return (entry.source & mask) === ((fact.source ?? 0) & mask);
}

/** Every requester's host entry, by its source-id. */
export type HostEntries = Readonly<Record<number, HostEntry>>;

/** The entries with those marked that event `seq` changed unannounced; an earlier mark stays. */
export const markHosts = (
  hosts: HostEntries,
  seq: number,
  concerned: (entry: HostEntry) => boolean,
): HostEntries =>
  produce(hosts, (draft) => {
    for (const entry of Object.values(draft)) {
      if (entry.pending === 0 && concerned(entry)) entry.pending = seq;
    }
  });

/** The entries without the marks of those that an invalidation covers. */
export const clearHosts = (hosts: HostEntries, fact: FactOf<"ContextInvalidated">): HostEntries =>
  produce(hosts, (draft) => {
    for (const entry of Object.values(draft)) {
      if (entry.pending !== 0 && coversEntry(fact, entry)) entry.pending = 0;
    }
  });
