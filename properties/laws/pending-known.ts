import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import { get } from "../../tables/page-tree.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Key } from "../oracle/oracle.ts";
import { nameOf } from "./compare-probe.ts";
import type { Comparison } from "./each-key.ts";
import { compareChanged } from "./each-key.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";

/** Whether the model holds a key for pending; `undefined` where it keeps no shadow for it. */
function isPending({ world, key }: Probe): boolean | undefined {
  const guest = world.guests[key.guest];
  const entry = guest && hostAt(guest.hosts, key.sid, key.pasid);
  if (guest === undefined || entry === undefined) return undefined;
  if (guest.charts.translation !== "enabled") return undefined;
  const onPath = entry.pending !== 0 || entry.pasidPending !== 0;
  if (entry.state === "nested") return onPath;
  const shadow = shadowAt(guest, entry.shadow);
  if (entry.state !== "shadowed" || shadow === undefined) return undefined;
  if (key.page >= 2 ** (Math.min(guest.profile.mgaw, 12 + 9 * shadow.levels) - 12))
    return undefined;
  return onPath || get(shadow.pending, key.page) !== 0;
}

/**
 * Whether the shadow of a key has a table in so many places that a write to it marks everything.
 */
function isShared({ world, key }: Probe): boolean {
  const guest = world.guests[key.guest];
  const shadow = (guest && hostAt(guest.hosts, key.sid, key.pasid)?.shadow) ?? -1;
  let shared = false;
  if (guest === undefined) return false;
  radixForEach(guest.tables, 0, Number.MAX_SAFE_INTEGER, (_page, use) => {
    if (use.shared.includes(shadow)) shared = true;
  });
  return shared;
}

/** What it depends on whether a key is pending, or shared. */
function pendingParts(guest: Guest, { sid, pasid }: Key): readonly unknown[] {
  const { charts, hosts, profile, tables } = guest;
  const entry = hostAt(hosts, sid, pasid);
  return [charts.translation, profile, tables, entry, shadowAt(guest, entry?.shadow)];
}

/** A key that the model may hold for pending. */
export const maybePendingKey: Comparison = {
  parts: pendingParts,
  compare(probe) {
    const { pending, complete, read, write } = probe.expected;
    const found = isPending(probe);
    if (found === undefined || !complete || probe.replaced) return undefined;
    const notes = [pending ? "pending" : "not pending"];
    // What stops at a permission does not read what lies below, which may be marked all the same.
    const stopped = [read, write].every(({ composed }) => !("hpa" in composed));
    if (!found || pending || stopped || isShared(probe)) return { notes };
    const text = `${nameOf(probe, "read")} is pending`;
    return { notes, violation: { law: "SH4", seq: probe.seq, text } };
  },
};

export const pendingIsKnown: Law = {
  id: "SH4",
  says:
    "Where no table stands in many places, a page that its walk reaches is pending only if a " +
    "word of the walk changed since the covering invalidation.",
  sometimes: ["pending", "not pending"],
  check: (run, count) => compareChanged(sightOf(run), maybePendingKey, count),
};
