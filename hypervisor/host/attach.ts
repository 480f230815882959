import type { SourceId } from "../../events/address.ts";
import { gpaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import { contextPath, isExtended } from "../../projections/context/context-path.ts";
import { deviceAt, devicesOf } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostAt, hostEntryOf, hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import { radixGet } from "../../tables/radix.ts";
import type { Context } from "../context/context.ts";
import { resolve } from "../context/resolve.ts";
import { drain } from "../device/in-flight.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn, record } from "../turn.ts";
import type { Key } from "./tables-for-entry.ts";
import { entryFor } from "./tables-for-entry.ts";

/** The source-ids that requests of the guest's devices carry, each once, in rising order. */
export function requestersOf(guest: Guest): readonly SourceId[] {
  const all = devicesOf(guest).map((device) => device.requester);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Records that pages hold root or context entries, so that writes to them are noticed. */
function registerContextTables(turn: Turn, pages: readonly number[]): void {
  for (const gfn of pages) {
    if (radixGet(guestIn(turn).tables, gfn)?.context === true) continue;
    record(turn, { type: "ContextTableUsed", table: gpaOfPage(gfn) });
  }
}

/** Whether an entry says what the host has already; marks of changes say that it may not. */
function sameEntry(old: HostEntry | undefined, entry: FactOf<"HostEntryChanged">): boolean {
  if (old === undefined || old.pending !== 0 || old.pasidPending !== 0) return false;
  const next = hostEntryOf(entry);
  return (Object.keys(next) as (keyof HostEntry)[]).every((name) => old[name] === next[name]);
}

/** Drops the shadows and first stages that no host entry uses. */
export function dropUnusedShadows(turn: Turn): void {
  const guest = guestIn(turn);
  const [shadows, spaces] = [new Set<unknown>(), new Set<unknown>()];
  for (const { shadow, space } of hostsWhere(guest.hosts)) {
    shadows.add(shadow);
    spaces.add(space);
  }
  for (const { id: space } of Object.values(guest.spaces)) {
    if (!spaces.has(space)) record(turn, { type: "FirstStageDropped", space });
  }
  for (const { id: shadow } of shadowsOf(guest)) {
    if (!shadows.has(shadow)) record(turn, { type: "ShadowDropped", shadow });
  }
}

/**
 * Puts one requester's host entry in force, after what used the old one has landed.
 *
 * @returns whether a shadow or first stage may have lost its last user.
 */
function attach(turn: Turn, key: Key, context: Context): boolean {
  const entry = entryFor(turn, key, context);
  const old = hostAt(guestIn(turn).hosts, entry.source, entry.pasid);
  if (sameEntry(old, entry)) return false;
  record(turn, entry);
  return old?.shadow !== undefined || old?.space !== undefined;
}

/** With translation off the P2M alone decides. */
const untranslated: Context = { kind: "passThrough", did: 0, fpd: false, pasid: undefined };

/** Lands what is in flight of one key's requests. */
const drainKey = (turn: Turn, { source, pasid }: Key): void =>
  drain(turn, (flight) => {
    const requester = deviceAt(guestIn(turn), flight.device)?.requester;
    return requester === source && flight.pasid === pasid;
  });

/** Reads what the guest says of some requests anew and brings host entries and shadows in line. */
export function refreshHosts(turn: Turn, keys: readonly Key[]): void {
  const enabled = guestIn(turn).charts.translation === "enabled";
  let isLeft = false;
  for (const key of keys) {
    // Before the context is read: what lands now may be written over it.
    drainKey(turn, key);
    if (!enabled) {
      isLeft = attach(turn, { source: key.source }, untranslated) || isLeft;
      continue;
    }
    const pages: number[] = [];
    const context = resolve(guestIn(turn), key.source, key.pasid, (step) => {
      pages.push(pageOf(step.address));
    });
    // Where the mode alone blocks a request nothing is read, and a change there is marked as ever;
    // a PASID table behind a second stage is reached through tables that no step tells of.
    const isTold = pages.length > 0 && !(isExtended(guestIn(turn)) && key.pasid !== undefined);
    const path = isTold ? [] : contextPath(guestIn(turn), key.source, key.pasid);
    registerContextTables(turn, [...pages, ...path.map(({ page }) => page)]);
    isLeft = attach(turn, key, context) || isLeft;
  }
  if (isLeft) dropUnusedShadows(turn);
}

/** The key of a host entry. */
export const keyOf = ({ source, pasid }: HostEntry): Key =>
  pasid === undefined ? { source } : { source, pasid };

/** Reads every requester's context anew; what was read for single PASIDs is forgotten. */
export function refreshAllHosts(turn: Turn): void {
  for (const entry of hostsWhere(guestIn(turn).hosts, ({ pasid }) => pasid !== undefined)) {
    const { source, pasid } = entry;
    drainKey(turn, keyOf(entry));
    const dropped = { source, ...(pasid === undefined ? {} : { pasid }) };
    advance(turn, hostEntry, entry.state, { type: "Drop", dropped });
  }
  refreshHosts(
    turn,
    requestersOf(guestIn(turn)).map((source) => ({ source })),
  );
  dropUnusedShadows(turn);
}
