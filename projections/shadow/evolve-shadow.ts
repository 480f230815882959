import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { dropCached } from "../../tables/cache.ts";
import { pagesFrom } from "../../tables/range.ts";
import type { Evolvers } from "../evolver.ts";
import { spaceFlushed, spacesForgotten } from "../first-stage/evolve-first-stage.ts";
import type { Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import { coveredRange, coversFirstStages } from "../queue/coverage.ts";
import type { Shadow } from "./shadow.ts";
import {
  clearPending,
  emptyShadow,
  gpaLevels,
  shadowBlocked,
  shadowMapped,
  shadowShared,
  shadowUnmapped,
  withIotlb,
} from "./shadow.ts";

function withShadow(guest: Guest, id: number, change: (shadow: Shadow) => Shadow): Guest {
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
function iotlbInvalidated(guest: Guest, fact: FactOf<"IotlbInvalidated">): Guest {
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
  return spacesForgotten(next, ({ did }) => coversFirstStages(fact, did));
}

function hostIotlbFlushed(guest: Guest, fact: FactOf<"HostIotlbFlushed">): Guest {
  const { first, end } = pagesFrom(fact.iova, fact.length);
  if (fact.space !== undefined) return spaceFlushed(guest, fact.space);
  if (fact.shadow === undefined) {
    return { ...guest, passThroughCache: dropCached(guest.passThroughCache, first, end) };
  }
  return withShadow(guest, fact.shadow, (shadow) =>
    withIotlb(shadow, dropCached(shadow.iotlb, first, end)),
  );
}

function shadowDropped(guest: Guest, fact: FactOf<"ShadowDropped">): Guest {
  const { [fact.shadow]: _gone, ...shadows } = guest.shadows;
  return { ...guest, shadows };
}

function shadowCreated(guest: Guest, fact: FactOf<"ShadowCreated">): Guest {
  const { shadow: id, did, root, levels } = fact;
  const shadow = emptyShadow(id, did, pageOf(root), levels, gpaLevels(guest.profile.haw));
  return { ...guest, shadows: { ...guest.shadows, [id]: shadow }, nextShadow: id + 1 };
}

/** What facts about shadows and the host's IOTLB do. */
export const shadowEvolvers: Evolvers = {
  ShadowCreated: shadowCreated,
  ShadowDropped: shadowDropped,
  ShadowMapped: (guest, fact) => withShadow(guest, fact.shadow, (old) => shadowMapped(old, fact)),
  ShadowBlocked: (guest, fact) => withShadow(guest, fact.shadow, (old) => shadowBlocked(old, fact)),
  ShadowUnmapped: (guest, fact) =>
    withShadow(guest, fact.shadow, (old) => shadowUnmapped(old, fact)),
  ShadowShared: (guest, fact) => withShadow(guest, fact.shadow, (old) => shadowShared(old, fact)),
  IotlbInvalidated: iotlbInvalidated,
  HostIotlbFlushed: hostIotlbFlushed,
};
