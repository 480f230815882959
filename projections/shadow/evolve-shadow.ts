import { pageOf, pagesFrom } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { dropCached } from "../../tables/mapping.ts";
import type { Evolvers } from "../evolver.ts";
import { flushSpace, forgetSpaces } from "../first-stage/evolve-first-stage.ts";
import type { Draft, Guest } from "../guest.ts";
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

function change(guest: Draft<Guest>, id: number, after: (shadow: Shadow) => Shadow): void {
  const shadow = shadowAt(guest, id);
  const next = shadow && after(shadow);
  if (next !== undefined && next !== shadow) guest.shadows = withShadow(guest.shadows, next);
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
function forgetIotlb(guest: Draft<Guest>, fact: FactOf<"IotlbInvalidated">): void {
  for (const shadow of shadowsOf(guest)) {
    const covered = coveredRange(fact, shadow.did);
    if (covered === undefined) continue;
    const { first, end } = covered;
    const cleared = clearPending(shadow, first, end, fact.leafOnly === true);
    const after = withIotlb(cleared, dropCached(shadow.iotlb, first, end));
    if (after !== shadow) guest.shadows = withShadow(guest.shadows, after);
  }
  guest.virtualCaches = virtualCachesAfter(guest, fact);
  forgetSpaces(guest, ({ did }) => coversFirstStages(fact, did));
}

function flushHostIotlb(guest: Draft<Guest>, fact: FactOf<"HostIotlbFlushed">): void {
  const { first, end } = pagesFrom(fact.iova, fact.length);
  if (fact.space !== undefined) flushSpace(guest, fact.space);
  else if (fact.shadow === undefined) {
    guest.passThroughCache = dropCached(guest.passThroughCache, first, end);
  } else {
    change(guest, fact.shadow, (shadow) => withIotlb(shadow, dropCached(shadow.iotlb, first, end)));
  }
}

function dropShadow(guest: Draft<Guest>, fact: FactOf<"ShadowDropped">): void {
  guest.shadows = withoutShadow(guest.shadows, fact.shadow);
}

function createShadow(guest: Draft<Guest>, fact: FactOf<"ShadowCreated">): void {
  const { shadow: id, did, root, levels } = fact;
  const shadow = emptyShadow(id, did, pageOf(root), levels, gpaLevels(guest.profile.haw));
  guest.shadows = withShadow(guest.shadows, shadow);
  guest.nextShadow = id + 1;
}

/** What facts about shadows and the host's IOTLB do. */
export const shadowEvolvers: Evolvers = {
  ShadowCreated: createShadow,
  ShadowDropped: dropShadow,
  ShadowMapped: (guest, fact) => change(guest, fact.shadow, (old) => shadowMapped(old, fact)),
  ShadowBlocked: (guest, fact) => change(guest, fact.shadow, (old) => shadowBlocked(old, fact)),
  ShadowUnmapped: (guest, fact) => change(guest, fact.shadow, (old) => shadowUnmapped(old, fact)),
  ShadowShared: (guest, fact) => change(guest, fact.shadow, (old) => shadowShared(old, fact)),
  ShadowLinked: (guest, fact) => change(guest, fact.shadow, (old) => shadowLinked(old, fact)),
  ShadowReread: (guest, fact) => change(guest, fact.shadow, withoutMarks),
  IotlbInvalidated: forgetIotlb,
  HostIotlbFlushed: flushHostIotlb,
};
