import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { translation as chart } from "../../machines/context/translation.ts";
import { dropCached } from "../../tables/cache.ts";
import { spaceFlushed, spacesForgotten } from "../first-stage/evolve-first-stage.ts";
import type { ChartStates, Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import { clearHosts, coversContext, coversPasid, markHosts } from "../host/host-entry.ts";
import { coveredRange } from "./covered-range.ts";
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
  if (guest.virtualCaches.length === 0) return guest.virtualCaches;
  return guest.virtualCaches.map((cache) => {
    const covered = coveredRange(fact, cache.did);
    if (covered === undefined) return cache;
    return { ...cache, entries: dropCached(cache.entries, covered.first, covered.end) };
  });
}

/**
 * Drops what an invalidation covers of each domain's second stage, and all that is cached of its
 * first stages, whatever the range.
 */
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
  return spacesForgotten(next, ({ did }) => fact.scope === "global" || fact.did === did);
}

export function contextInvalidated(guest: Guest, fact: FactOf<"ContextInvalidated">): Guest {
  const hosts = clearHosts(guest.hosts, "pending", (entry) => coversContext(fact, entry));
  return { ...guest, hosts };
}

export function pasidCacheInvalidated(guest: Guest, fact: FactOf<"PasidCacheInvalidated">): Guest {
  const hosts = clearHosts(guest.hosts, "pasidPending", (entry) => coversPasid(fact, entry));
  return { ...guest, hosts };
}

export function rootPointerLatched(
  guest: Guest,
  fact: FactOf<"RootPointerLatched">,
  seq: number,
): Guest {
  const translation = chart.after(guest.charts.translation, fact);
  const next = { ...inState(guest, { translation }), rootPointer: fact.value };
  if (translation !== "enabled" || fact.value === guest.rootPointer) return next;
  const contexts = markHosts(guest.hosts, seq, "pending", () => true);
  const hosts = markHosts(contexts, seq, "pasidPending", ({ tag }) => tag !== undefined);
  return { ...next, hosts };
}

export function hostIotlbFlushed(guest: Guest, fact: FactOf<"HostIotlbFlushed">): Guest {
  const first = pageOf(fact.iova);
  const end = first + pageOf(fact.length);
  if (fact.space !== undefined) return spaceFlushed(guest, fact.space);
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
