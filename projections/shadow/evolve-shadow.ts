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
  shadowUnmapped,
  withIotlb,
  withoutMarks,
} from "./shadow.ts";
import { shadowAt, shadowsOf, withoutShadow, withShadow } from "./shadows.ts";
import { shadowLinked, shadowShared } from "./shared-blocks.ts";

function changed(guest: Guest, id: number, change: (shadow: Shadow) => Shadow): Guest {
  const shadow = shadowAt(guest, id);
  if (shadow === undefined) return guest;
  const after = change(shadow);
  if (after === shadow) return guest;
  const next = copyGuest(guest);
  next.shadows = withShadow(guest.shadows, after);
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
  for (const shadow of shadowsOf(guest)) {
    const covered = coveredRange(fact, shadow.did);
    if (covered === undefined) continue;
    const { first, end } = covered;
    const cleared = clearPending(shadow, first, end, fact.leafOnly === true);
    const after = withIotlb(cleared, dropCached(shadow.iotlb, first, end));
    if (after !== shadow) next.shadows = withShadow(next.shadows, after);
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
  return changed(guest, fact.shadow, (shadow) =>
    withIotlb(shadow, dropCached(shadow.iotlb, first, end)),
  );
}

const shadowDropped = (guest: Guest, fact: FactOf<"ShadowDropped">): Guest => ({
  ...guest,
  shadows: withoutShadow(guest.shadows, fact.shadow),
});

function shadowCreated(guest: Guest, fact: FactOf<"ShadowCreated">): Guest {
  const { shadow: id, did, root, levels } = fact;
  const shadow = emptyShadow(id, did, pageOf(root), levels, gpaLevels(guest.profile.haw));
  return { ...guest, shadows: withShadow(guest.shadows, shadow), nextShadow: id + 1 };
}

/** What facts about shadows and the host's IOTLB do. */
export const shadowEvolvers: Evolvers = {
  ShadowCreated: shadowCreated,
  ShadowDropped: shadowDropped,
  ShadowMapped: (guest, fact) => changed(guest, fact.shadow, (old) => shadowMapped(old, fact)),
  ShadowBlocked: (guest, fact) => changed(guest, fact.shadow, (old) => shadowBlocked(old, fact)),
  ShadowUnmapped: (guest, fact) => changed(guest, fact.shadow, (old) => shadowUnmapped(old, fact)),
  ShadowShared: (guest, fact) => changed(guest, fact.shadow, (old) => shadowShared(old, fact)),
  ShadowLinked: (guest, fact) => changed(guest, fact.shadow, (old) => shadowLinked(old, fact)),
  ShadowReread: (guest, fact) => changed(guest, fact.shadow, withoutMarks),
  IotlbInvalidated: iotlbInvalidated,
  HostIotlbFlushed: hostIotlbFlushed,
};
