import type { FactOf } from "../events/fact.ts";
import { pageOf } from "../events/address.ts";
import {
  flagsOf,
  frameOf,
  hasFrame,
  hole,
  mapped,
  ok,
  outcomeCode,
  pagesOfSize,
  sizeCode,
  sizeOf,
  unmapped,
} from "./mapping.ts";
import type { PageTree, Slot } from "./page-tree.ts";
import { capacity, change, emptyTree, fill, get } from "./page-tree.ts";
import { putSlot, slotAt } from "./page-tree-range.ts";
import { spans } from "./page-tree.ts";

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
  /** Flat; where a word of the walk changed unannounced: twice the event's number, odd if an upper entry changed. */
  readonly pending: PageTree;
  /** GPA to the one IOVA that maps it (as a frame), or `manyPlaces`. */
  readonly places: PageTree;
  /** IOVA to HPA: every translation that a device used and nothing invalidated. */
  readonly iotlb: PageTree;
}

/** In `places`: more than one IOVA maps the page, or did. */
export const manyPlaces = 1;

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
 * `places` once the pages of `stage` in `[first, end)` are taken out. A node that is shared is looked at once: its guest
 * pages have many places, which stays so.
 */
function forget(places: PageTree, stage: PageTree, first: number, end: number): PageTree {
  if (end - first === 1) {
    const old = get(stage, first);
    const alone = hasFrame(old) && get(places, frameOf(old)) === placeOf(first);
    return alone ? fill(places, frameOf(old), frameOf(old) + 1, 0) : places;
  }
  let tree = places;
  const seen = new Set<unknown>();
  const walk = (slot: Slot, depth: number, base: number): void => {
    if (typeof slot !== "number") {
      if (depth >= 2 && seen.has(slot)) return;
      if (depth >= 2) seen.add(slot);
      const span = spans[depth - 1] as number;
      const low = first <= base ? 0 : Math.floor((first - base) / span);
      for (let index = low; index < slot.length && base + index * span < end; index++) {
        walk(slot[index] as Slot, depth - 1, base + index * span);
      }
    } else if (hasFrame(slot)) {
      const from = Math.max(first, base);
      const to = Math.min(end, base + (spans[depth] as number));
      const gfn = frameOf(slot) + from - base;
      tree = change(tree, gfn, gfn + to - from, (old, at) =>
        old === placeOf(from + at - gfn) ? 0 : old,
      );
    }
  };
  walk(stage.root, stage.levels * 2, 0);
  return tree;
}

const placeOf = (page: number): number => (page + 1) * 512;

/** `places` with the guest pages from `gfn` on mapped by the IOVA pages from `page` on. */
const remember = (places: PageTree, gfn: number, count: number, page: number): PageTree =>
  change(places, gfn, gfn + count, (old, at) => (old === 0 ? placeOf(page + at - gfn) : manyPlaces));

/** A copy of a shadow, to change before anybody else sees it. Written out: a spread costs twenty times as much. */
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

/** The depth of the slot that spans a number of pages, or -1. */
const depthOf = (pages: number): number => spans.indexOf(pages);

/**
 * The block of `length` at `from` repeated `copies` times from `iova` on; trees share its nodes. Its guest pages then
 * have many places.
 */
export function shadowShared(shadow: Shadow, fact: FactOf<"ShadowShared">): Shadow {
  const pages = pageOf(fact.length);
  const depth = depthOf(pages);
  const [from, to] = [pageOf(fact.from), pageOf(fact.iova)];
  const end = to + pages * fact.copies;
  if (depth < 0 || end > capacity(shadow.stage)) return shadow;
  let places = forget(shadow.places, shadow.stage, to, end);
  forEachSlotOnce(slotAt(shadow.stage, from, depth), depth, (gfn, count) => {
    places = fill(places, gfn, gfn + count, manyPlaces);
  });
  let { stage, host } = shadow;
  for (let copy = 0; copy < fact.copies; copy++) {
    const at = to + copy * pages;
    stage = putSlot(stage, at, depth, slotAt(stage, from, depth));
    host = putSlot(host, at, depth, slotAt(host, from, depth));
  }
  return { ...shadow, stage, host, places };
}

/** Visits the frames below a slot, each shared node once. */
function forEachSlotOnce(
  slot: Slot,
  depth: number,
  visit: (frame: number, count: number) => void,
): void {
  const seen = new Set<unknown>();
  const walk = (at: Slot, below: number): void => {
    if (typeof at === "number") {
      if (hasFrame(at)) visit(frameOf(at), spans[below] as number);
      return;
    }
    if (seen.has(at)) return;
    seen.add(at);
    for (const child of at) walk(child, below - 1);
  };
  walk(slot, depth);
}

/** The pages `[first, end)` widened to the whole of the cached entries that they touch. */
export function cachedAround(
  iotlb: PageTree,
  first: number,
  end: number,
): readonly [number, number] {
  let [low, high] = [first, end];
  const start = get(iotlb, first);
  if (start !== 0) low = first - (first % (pagesOfSize[sizeOf(start)] as number));
  const last = get(iotlb, end - 1);
  if (last !== 0) {
    const block = pagesOfSize[sizeOf(last)] as number;
    high = end - 1 - ((end - 1) % block) + block;
  }
  return [low, high];
}

/** The IOTLB without the entries that `[first, end)` touches; an entry goes as a whole. */
export function dropCached(iotlb: PageTree, first: number, end: number): PageTree {
  if (iotlb.root === 0 || first >= end) return iotlb;
  if (end - first === 1 && get(iotlb, first) === 0) return iotlb;
  const [low, high] = cachedAround(iotlb, first, Math.min(end, capacity(iotlb)));
  return fill(iotlb, low, high, 0);
}

/** The IOTLB with the whole entry that maps `page` by `mapping`, which is the page's own. */
export function rememberCached(iotlb: PageTree, page: number, mapping: number): PageTree {
  if (get(iotlb, page) === mapping) return iotlb;
  const block = pagesOfSize[sizeOf(mapping)] as number;
  const offset = page % block;
  const start = mapping - offset * 512;
  return fill(iotlb, page - offset, page - offset + block, start);
}

/** Marks the pages `[first, end)` as changed by event `seq` unless an earlier mark is there. */
export function markPending(
  shadow: Shadow,
  first: number,
  end: number,
  seq: number,
  upper: boolean,
): Shadow {
  const mark = seq * 2 + (upper ? 1 : 0);
  const keep = (old: number): number =>
    old === 0 ? mark : upper && old % 2 === 0 ? old + 1 : old;
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

/** The outcomes that a page's mapping has, low to high bits; for comparing without the size. */
export const accessesOf = (mapping: number): number => flagsOf(mapping) & 63;
