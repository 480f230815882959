// Length: what is kept of a shadow, its lookups and its places: one structure, read in one place.

import { frozen } from "../../events/frozen.ts";
import { frameOf, hasFrame } from "../../tables/mapping.ts";
import type { PageTree, Slot } from "../../tables/page-tree.ts";
import { change, emptyTree, expand, fill, get, spans } from "../../tables/page-tree.ts";
import type { Radix } from "../../tables/radix.ts";
import { emptyRadix, radixForEach, radixGet, radixSet } from "../../tables/radix.ts";

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
export const copyShadow = (shadow: Shadow): { -readonly [K in keyof Shadow]: Shadow[K] } => ({
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

export function withPending(shadow: Shadow, pending: PageTree): Shadow {
  if (pending === shadow.pending) return shadow;
  const next = copyShadow(shadow);
  next.pending = pending;
  return next;
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

/** In `places`: more than one IOVA maps the page, or did. */
export const manyPlaces = 1;

/** Places that are not told apart any more: every page may have many, and that stays so. */
const everywhere = (places: PageTree): PageTree => ({ ...places, root: manyPlaces });

/** Whether places are told apart no more. */
export const isEverywhere = (places: PageTree): boolean => places.root === manyPlaces;

/**
 * `places` once the pages of `stage` in `[first, end)` are taken out. A node that is shared is
 * looked at once: its guest pages have many places, which stays so.
 */
export function forget(places: PageTree, stage: PageTree, first: number, end: number): PageTree {
  if (isEverywhere(places)) return places;
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
      const node = expand(slot, depth, true);
      for (let index = low; index < node.length && base + index * span < end; index++) {
        walk(node[index] as Slot, depth - 1, base + index * span);
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
export function remember(places: PageTree, gfn: number, count: number, page: number): PageTree {
  if (isEverywhere(places)) return places;
  if (count === 1) {
    return fill(places, gfn, gfn + 1, get(places, gfn) === 0 ? placeOf(page) : manyPlaces);
  }
  return change(places, gfn, gfn + count, (old, at) =>
    old === 0 ? placeOf(page + at - gfn) : manyPlaces,
  );
}

/** The shadows of a guest: found, changed and dropped without looking at the others. */
export interface Shadows {
  readonly byId: Radix<Shadow>;
  /** Numbers of shadows by the page of the top table, and by domain-id and levels. */
  readonly byRoot: Radix<Radix<number>>;
}

export const noShadows: Shadows = frozen({ byId: emptyRadix(), byRoot: emptyRadix() });

/** The guest's shadow of a number. */
export const shadowAt = (
  guest: { readonly shadows: Shadows } | undefined,
  id: number | undefined,
): Shadow | undefined =>
  guest === undefined || id === undefined ? undefined : radixGet(guest.shadows.byId, id);

/** All shadows of a guest, in the order in which they were made. */
export function shadowsOf({ shadows }: { readonly shadows: Shadows }): readonly Shadow[] {
  const all: Shadow[] = [];
  radixForEach(shadows.byId, 0, Number.MAX_SAFE_INTEGER, (_id, shadow) => all.push(shadow));
  return all;
}

type Tables = Pick<Shadow, "did" | "root" | "levels">;

const tablesKey = ({ did, levels }: Tables): number => did * 8 + levels;

/** The number of the shadow of some tables in a domain. */
export const shadowOver = (
  { shadows }: { readonly shadows: Shadows },
  tables: Tables,
): number | undefined => {
  const known = radixGet(shadows.byRoot, tables.root);
  return known && radixGet(known, tablesKey(tables));
};

function indexed(byRoot: Shadows["byRoot"], shadow: Shadow, id: number | undefined) {
  const known = radixGet(byRoot, shadow.root) ?? emptyRadix<number>();
  return radixSet(byRoot, shadow.root, radixSet(known, tablesKey(shadow), id));
}

/** The shadows with one more, or with another version of one. */
export function withShadow({ byId, byRoot }: Shadows, shadow: Shadow): Shadows {
  const isNew = radixGet(byId, shadow.id) === undefined;
  return {
    byId: radixSet(byId, shadow.id, shadow),
    byRoot: isNew ? indexed(byRoot, shadow, shadow.id) : byRoot,
  };
}

/** The shadows without one. */
export function withoutShadow({ byId, byRoot }: Shadows, id: number): Shadows {
  const shadow = radixGet(byId, id);
  if (shadow === undefined) return { byId, byRoot };
  return { byId: radixSet(byId, id, undefined), byRoot: indexed(byRoot, shadow, undefined) };
}
