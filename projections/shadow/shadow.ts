import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import {
  frameOf,
  hasFrame,
  hole,
  mapped,
  ok,
  outcomeCode,
  sizeCode,
  unmapped,
} from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { change, emptyTree, fill } from "../../tables/page-tree.ts";
import { everywhere, forget, isEverywhere, remember } from "../../tables/places.ts";

/** The host's tables for one domain-id and one root, with what is needed to keep them true. */
export interface Shadow {
  readonly id: number;
  readonly did: number;
  /** Guest page of the top table. */
  readonly root: number;
  readonly levels: number;
  /** IOVA to GPA: the guest's tables as last synchronised. */
  readonly stage: PageTree;
  /** IOVA to HPA: `stage` behind the P2M of now. */
  readonly host: PageTree;
  /**
   * Flat; where a word of the walk changed unannounced: twice the event's number, odd if an upper
   * entry changed.
   */
  readonly pending: PageTree;
  /**
   * GPA to the one IOVA that maps it (as a frame), or `manyPlaces`; of a web, that everywhere.
   */
  readonly places: PageTree;
  /** IOVA to HPA: every translation that a device used and nothing invalidated. */
  readonly iotlb: PageTree;
}

/** Levels of a tree over all guest pages of a host address width in bits. */
export const gpaLevels = (haw: number): number => Math.ceil((haw - 12) / 9);

/** A shadow of nothing, for a guest whose pages need trees of `gpaLevels` levels. */
export const emptyShadow = (
  id: number,
  did: number,
  root: number,
  levels: number,
  placeLevels: number,
): Shadow => ({
  id,
  did,
  root,
  levels,
  stage: emptyTree(levels, true),
  host: emptyTree(levels, true),
  pending: emptyTree(levels, false),
  places: emptyTree(placeLevels, true),
  iotlb: emptyTree(levels, true),
});

/**
 * A copy of a shadow, to change before anybody else sees it. Written out: a spread costs twenty
 * times as much.
 */
const copyShadow = (shadow: Shadow): { -readonly [K in keyof Shadow]: Shadow[K] } => ({
  id: shadow.id,
  did: shadow.did,
  root: shadow.root,
  levels: shadow.levels,
  stage: shadow.stage,
  host: shadow.host,
  pending: shadow.pending,
  places: shadow.places,
  iotlb: shadow.iotlb,
});

/** The shadow with another IOTLB. */
export function withIotlb(shadow: Shadow, iotlb: PageTree): Shadow {
  if (iotlb === shadow.iotlb) return shadow;
  const next = copyShadow(shadow);
  next.iotlb = iotlb;
  return next;
}

function withPending(shadow: Shadow, pending: PageTree): Shadow {
  if (pending === shadow.pending) return shadow;
  const next = copyShadow(shadow);
  next.pending = pending;
  return next;
}

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
export function shadowMapped(shadow: Shadow, fact: FactOf<"ShadowMapped">): Shadow {
  const [read, write] = [outcomeCode(fact.read), outcomeCode(fact.write)];
  const guestSize = sizeCode(fact.guestSize);
  const gfn = pageOf(fact.gpa);
  const stage = mapped(gfn, guestOutcome(read), guestOutcome(write), guestSize);
  const host = mapped(pageOf(fact.hpa), read, write, sizeCode(fact.size));
  return replaced(shadow, pageOf(fact.iova), fact.count, stage, host);
}

/** A run that the guest maps and the P2M does not grant. */
export function shadowBlocked(shadow: Shadow, fact: FactOf<"ShadowBlocked">): Shadow {
  const [read, write] = [outcomeCode(fact.read), outcomeCode(fact.write)];
  const guestSize = sizeCode(fact.guestSize);
  const stage = mapped(pageOf(fact.gpa), guestOutcome(read), guestOutcome(write), guestSize);
  return replaced(shadow, pageOf(fact.iova), fact.count, stage, unmapped(read, write));
}

/** A run that the guest does not map. */
export function shadowUnmapped(shadow: Shadow, fact: FactOf<"ShadowUnmapped">): Shadow {
  const value = unmapped(outcomeCode(fact.read), outcomeCode(fact.write));
  return replaced(shadow, pageOf(fact.iova), fact.count, value, value);
}

/**
 * Whether some table lies in more places than are listed. Tables of a web may lie in any number of
 * them, and each change concerns all of it: it is read, compared and composed as a whole, each
 * table once, and nothing is kept by place.
 */
export const isWeb = ({ places }: Shadow): boolean => isEverywhere(places);

/** The shadow as a web, which it stays. */
export function asWeb(shadow: Shadow): Shadow {
  if (isWeb(shadow)) return shadow;
  const next = copyShadow(shadow);
  next.places = everywhere(shadow.places);
  return next;
}

/** The shadow once all of it is as the guest's tables are. */
export const withoutMarks = (shadow: Shadow): Shadow =>
  withPending(shadow, emptyTree(shadow.levels, false));

/** Marks the pages `[first, end)` as changed by event `seq` unless an earlier mark is there. */
export function markPending(
  shadow: Shadow,
  first: number,
  end: number,
  seq: number,
  upper: boolean,
): Shadow {
  const mark = seq * 2 + (upper ? 1 : 0);
  const keep = (old: number): number => (old === 0 ? mark : upper && old % 2 === 0 ? old + 1 : old);
  return withPending(shadow, change(shadow.pending, first, end, keep));
}

/** Clears the marks in `[first, end)`; with `leafOnly`, those of changed upper entries stay. */
export function clearPending(
  shadow: Shadow,
  first: number,
  end: number,
  leafOnly: boolean,
): Shadow {
  const clear = (old: number): number => (leafOnly && old % 2 === 1 ? old : 0);
  return shadow.pending.root === 0
    ? shadow
    : withPending(shadow, change(shadow.pending, first, end, clear));
}
