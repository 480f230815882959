import { pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { ChartStates, Guest, VirtualCache } from "./guest.ts";
import { copyGuest } from "./guest.ts";
import { clearHosts, markHosts } from "./host-entry.ts";
import { dropCached } from "./iotlb.ts";
import { coveredRange } from "./iotlb-scope.ts";
import type { Shadow } from "./shadow.ts";
import { clearPending, withIotlb } from "./shadow.ts";

export function inState(guest: Guest, charts: Partial<ChartStates>): Guest {
  const next = copyGuest(guest);
  next.charts = { ...guest.charts, ...charts };
  return next;
}

export function withShadow(guest: Guest, id: number, change: (shadow: Shadow) => Shadow): Guest {
  const shadow = guest.shadows[id];
  if (shadow === undefined) return guest;
  const changed = change(shadow);
  if (changed === shadow) return guest;
  const next = copyGuest(guest);
  next.shadows = { ...guest.shadows, [id]: changed };
  return next;
}

/** The caches of device models without what an invalidation covers. */
function virtualCachesAfter(guest: Guest, fact: FactOf<"IotlbInvalidated">) {
  const keys = Object.keys(guest.virtualCaches);
  if (keys.length === 0) return guest.virtualCaches;
  const caches: Record<number, VirtualCache> = {};
  for (const [key, { entries, since }] of Object.entries(guest.virtualCaches)) {
    const did = Number(key);
    const covered = coveredRange(fact, did);
    const left = covered === undefined ? entries : dropCached(entries, covered.first, covered.end);
    caches[did] = { entries: left, since };
  }
  return caches;
}

export function iotlbInvalidated(guest: Guest, fact: FactOf<"IotlbInvalidated">): Guest {
  const next = copyGuest(guest);
  for (const id in guest.shadows) {
    const shadow = guest.shadows[id] as Shadow;
    const covered = coveredRange(fact, shadow.did);
    if (covered === undefined) continue;
    const { first, end } = covered;
    const cleared = clearPending(shadow, first, end, fact.leafOnly === true);
    const changed = withIotlb(cleared, dropCached(shadow.iotlb, first, end));
    if (changed !== shadow) next.shadows = { ...next.shadows, [id]: changed };
  }
  next.virtualCaches = virtualCachesAfter(guest, fact);
  return next;
}

export function contextInvalidated(guest: Guest, fact: FactOf<"ContextInvalidated">): Guest {
  return { ...guest, hosts: clearHosts(guest.hosts, fact) };
}

export function rootPointerLatched(
  guest: Guest,
  fact: FactOf<"RootPointerLatched">,
  seq: number,
): Guest {
  const enabled = guest.charts.translation === "enabled";
  const translation = enabled ? "enabled" : "disabled";
  const next = { ...inState(guest, { translation }), rootPointer: fact.value };
  if (!enabled || fact.value === guest.rootPointer) return next;
  const hosts = markHosts(guest.hosts, seq, () => true);
  return { ...next, hosts };
}

export function hostIotlbFlushed(guest: Guest, fact: FactOf<"HostIotlbFlushed">): Guest {
  const first = pageOf(fact.iova);
  const end = first + pageOf(fact.length);
  if (fact.shadow === undefined) {
    return { ...guest, passThroughCache: dropCached(guest.passThroughCache, first, end) };
  }
  return withShadow(guest, fact.shadow, (shadow) =>
    withIotlb(shadow, dropCached(shadow.iotlb, first, end)),
  );
}

export function shadowDropped(guest: Guest, fact: FactOf<"ShadowDropped">): Guest {
  const { [fact.shadow]: _gone, ...shadows } = guest.shadows;
  return { ...guest, shadows };
}
