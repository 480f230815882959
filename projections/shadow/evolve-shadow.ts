import { pageOf, pagesFrom } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import {
  dropCached,
  frameOf,
  hasFrame,
  hole,
  mapped,
  ok,
  outcomeCode,
  sizeCode,
  unmapped,
} from "../../tables/mapping.ts";
import { change, emptyTree, fill } from "../../tables/page-tree.ts";
import type { Evolvers } from "../evolver.ts";
import { flushSpace, forgetSpace } from "../first-stage/evolve-first-stage.ts";
import type { Draft, Guest } from "../guest.ts";
import { coveredRange, coversFirstStages } from "../queue/evolve-queue.ts";
import type { Shadow } from "./shadow.ts";
import {
  copyShadow,
  emptyShadow,
  forget,
  gpaLevels,
  remember,
  shadowAt,
  shadowsOf,
  withIotlb,
  withoutShadow,
  withPending,
  withShadow,
} from "./shadow.ts";
import { shadowLinked, shadowShared } from "./shared-blocks.ts";

function replaced(
  shadow: Shadow,
  page: number,
  count: number,
  stage: number,
  host: number,
): Shadow {
  const end = page + count;
  const cleared = forget(shadow.places, shadow.stage, page, end);
  const next = copyShadow(shadow);
  next.stage = fill(shadow.stage, page, end, stage);
  next.host = fill(shadow.host, page, end, host);
  next.places = hasFrame(stage) ? remember(cleared, frameOf(stage), count, page) : cleared;
  return next;
}

/** What the guest allows, given what the host's entry does: a hole hides nothing but `ok`. */
const guestOutcome = (code: number): number => (code === hole ? ok : code);

/** A run that reaches host memory. */
function shadowMapped(shadow: Shadow, fact: FactOf<"ShadowMapped">): Shadow {
  const [read, write] = [outcomeCode(fact.read), outcomeCode(fact.write)];
  const guestSize = sizeCode(fact.guestSize);
  const gfn = pageOf(fact.gpa);
  const stage = mapped(gfn, guestOutcome(read), guestOutcome(write), guestSize);
  const host = mapped(pageOf(fact.hpa), read, write, sizeCode(fact.size));
  return replaced(shadow, pageOf(fact.iova), fact.count, stage, host);
}

/** A run that the guest maps and the P2M does not grant. */
function shadowBlocked(shadow: Shadow, fact: FactOf<"ShadowBlocked">): Shadow {
  const [read, write] = [outcomeCode(fact.read), outcomeCode(fact.write)];
  const guestSize = sizeCode(fact.guestSize);
  const stage = mapped(pageOf(fact.gpa), guestOutcome(read), guestOutcome(write), guestSize);
  return replaced(shadow, pageOf(fact.iova), fact.count, stage, unmapped(read, write));
}

/** A run that the guest does not map. */
function shadowUnmapped(shadow: Shadow, fact: FactOf<"ShadowUnmapped">): Shadow {
  const value = unmapped(outcomeCode(fact.read), outcomeCode(fact.write));
  return replaced(shadow, pageOf(fact.iova), fact.count, value, value);
}

/** The shadow once all of it is as the guest's tables are. */
const withoutMarks = (shadow: Shadow): Shadow =>
  withPending(shadow, emptyTree(shadow.levels, false));

/** Clears the marks in `[first, end)`; with `leafOnly`, those of changed upper entries stay. */
function clearPending(shadow: Shadow, first: number, end: number, leafOnly: boolean): Shadow {
  const clear = (old: number): number => (leafOnly && old % 2 === 1 ? old : 0);
  return shadow.pending.root === 0
    ? shadow
    : withPending(shadow, change(shadow.pending, first, end, clear));
}

function changeShadow(guest: Draft<Guest>, id: number, after: (shadow: Shadow) => Shadow): void {
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
  for (const space of Object.values(guest.spaces)) {
    if (coversFirstStages(fact, space.did)) forgetSpace(guest, space);
  }
}

function flushHostIotlb(guest: Draft<Guest>, fact: FactOf<"HostIotlbFlushed">): void {
  const { first, end } = pagesFrom(fact.iova, fact.length);
  if (fact.space !== undefined) flushSpace(guest, fact.space);
  else if (fact.shadow === undefined) {
    guest.passThroughCache = dropCached(guest.passThroughCache, first, end);
  } else {
    changeShadow(guest, fact.shadow, (shadow) =>
      withIotlb(shadow, dropCached(shadow.iotlb, first, end)),
    );
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
  ShadowMapped: (guest, fact) => changeShadow(guest, fact.shadow, (old) => shadowMapped(old, fact)),
  ShadowBlocked: (guest, fact) =>
    changeShadow(guest, fact.shadow, (old) => shadowBlocked(old, fact)),
  ShadowUnmapped: (guest, fact) =>
    changeShadow(guest, fact.shadow, (old) => shadowUnmapped(old, fact)),
  ShadowShared: (guest, fact) => changeShadow(guest, fact.shadow, (old) => shadowShared(old, fact)),
  ShadowLinked: (guest, fact) => changeShadow(guest, fact.shadow, (old) => shadowLinked(old, fact)),
  ShadowReread: (guest, fact) => changeShadow(guest, fact.shadow, withoutMarks),
  IotlbInvalidated: forgetIotlb,
  HostIotlbFlushed: flushHostIotlb,
};
