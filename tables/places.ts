import { frameOf, hasFrame } from "./mapping.ts";
import type { PageTree, Slot } from "./page-tree.ts";
import { change, expand, fill, get, spans } from "./page-tree.ts";

/** In `places`: more than one IOVA maps the page, or did. */
export const manyPlaces = 1;

/** Places that are not told apart any more: every page may have many, and that stays so. */
export const everywhere = (places: PageTree): PageTree => ({ ...places, root: manyPlaces });

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

/** Visits the frames below a slot, each shared node once. */
export function forEachSlotOnce(
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
    for (const child of expand(at, below, true)) walk(child, below - 1);
  };
  walk(slot, depth);
}
