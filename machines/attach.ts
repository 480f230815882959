import type { SourceId } from "../events/address.ts";
import { gpaOfPage, pageOf, sourceId } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host-entry.ts";
import { radixGet } from "../projections/radix.ts";
import { attachment } from "./charts/attachment.ts";
import type { Context } from "./context.ts";
import { resolveContext } from "./context.ts";
import { drain } from "./in-flight.ts";
import { synchroniseAll } from "./synchronise.ts";
import type { Turn } from "./turn.ts";
import { advanceChart, guestIn, record } from "./turn.ts";

type Entry = Omit<FactOf<"HostEntryChanged">, "type">;

/** The source-ids that requests of the guest's devices carry, each once, in rising order. */
export function requestersOf(guest: Guest): readonly SourceId[] {
  const all = Object.values(guest.devices).map((device) => device.requester);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Whether the devices behind a source-id are physical; all of them are of one kind. */
const isPhysical = (guest: Guest, requester: number): boolean =>
  Object.values(guest.devices).some((one) => one.requester === requester && one.physical);

/** Records that pages hold root or context entries, so that writes to them are noticed. */
function registerContextTables(turn: Turn, pages: readonly number[]): void {
  for (const gfn of pages) {
    if (radixGet(guestIn(turn).tables, gfn)?.context === true) continue;
    record(turn, { type: "ContextTableUsed", table: gpaOfPage(gfn) });
  }
}

/** The shadow of a domain-id and root; created and built if there is none yet. */
function shadowFor(turn: Turn, did: number, root: number, levels: number): number {
  const guest = guestIn(turn);
  for (const shadow of Object.values(guest.shadows)) {
    if (shadow.did === did && shadow.root === root && shadow.levels === levels) return shadow.id;
  }
  const shadow = guest.nextShadow;
  record(turn, { type: "ShadowCreated", shadow, did, root: gpaOfPage(root), levels });
  synchroniseAll(turn, shadow);
  return shadow;
}

/**
 * What the host makes of a context. What faulted is tagged with domain-id 0. Second-stage tables
 * can be shadowed only under caching mode; without it a physical device that needs them is refused.
 */
function entryFor(turn: Turn, source: SourceId, context: Context): Entry {
  const guest = guestIn(turn);
  const { fpd } = context;
  if (context.kind === "blocked") {
    return { source, state: "blocked", did: 0, reason: context.reason, fpd };
  }
  const { did } = context;
  if (context.kind === "passThrough") return { source, state: "passThrough", did, fpd };
  const { root, levels } = context;
  const tables = { did, fpd, root: gpaOfPage(root), levels };
  if (!isPhysical(guest, source)) return { source, state: "virtual", ...tables };
  if (!guest.profile.cachingMode) return { source, state: "refused", ...tables };
  return { source, state: "shadowed", ...tables, shadow: shadowFor(turn, did, root, levels) };
}

const sameEntry = (old: HostEntry | undefined, entry: Entry): boolean =>
  old !== undefined &&
  old.state === entry.state &&
  old.did === entry.did &&
  old.reason === (entry.reason ?? 0) &&
  old.fpd === entry.fpd &&
  old.shadow === entry.shadow &&
  old.levels === (entry.levels ?? 0) &&
  old.root === (entry.root === undefined ? undefined : pageOf(entry.root)) &&
  old.pending === 0;

/** Drops the shadows that no host entry uses. */
export function dropUnusedShadows(turn: Turn): void {
  const guest = guestIn(turn);
  const used = new Set(Object.values(guest.hosts).map((host) => host.shadow));
  for (const shadow of Object.values(guest.shadows)) {
    if (!used.has(shadow.id)) record(turn, { type: "ShadowDropped", shadow: shadow.id });
  }
}

/** Puts one requester's host entry in force, after what used the old one has landed. */
function attach(turn: Turn, entry: Entry): void {
  const guest = guestIn(turn);
  const old = guest.hosts[entry.source];
  if (sameEntry(old, entry)) return;
  advanceChart(turn, attachment, old?.state ?? "unassigned", { type: "Resolve", entry });
}

const passThroughEntry = (source: SourceId): Entry => ({
  source,
  state: "passThrough",
  did: 0,
  fpd: false,
});

/** Reads the contexts of requesters anew and brings their host entries and shadows in line. */
export function refreshHosts(turn: Turn, requesters: readonly SourceId[]): void {
  const enabled = guestIn(turn).charts.translation === "enabled";
  for (const source of requesters) {
    // Before the context is read: what lands now may be written over it.
    drain(turn, (flight) => guestIn(turn).devices[flight.device]?.requester === source);
    if (!enabled) {
      attach(turn, passThroughEntry(source));
      continue;
    }
    const pages: number[] = [];
    const context = resolveContext(guestIn(turn), source, (step) => {
      pages.push(pageOf(step.address));
    });
    registerContextTables(turn, pages);
    attach(turn, entryFor(turn, source, context));
  }
  dropUnusedShadows(turn);
}

/** Reads every requester's context anew. */
export const refreshAllHosts = (turn: Turn): void =>
  refreshHosts(turn, requestersOf(guestIn(turn)));

/** The source-ids among host entries that `concerned` picks. */
export const hostsWhere = (
  guest: Guest,
  concerned: (entry: HostEntry) => boolean,
): readonly SourceId[] =>
  Object.values(guest.hosts)
    .filter(concerned)
    .map((entry) => sourceId(entry.source));
