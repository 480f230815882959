import { pagesOfSize, sizeOf } from "./mapping.ts";
import type { PageTree } from "./page-tree.ts";
import { capacity, get } from "./page-tree.ts";
import { fill } from "./page-tree-change.ts";

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
  if (end - first === 1) {
    const held = get(iotlb, first);
    if (held === 0) return iotlb;
    if (sizeOf(held) === 0) return fill(iotlb, first, end, 0);
  }
  const [low, high] = cachedAround(iotlb, first, Math.min(end, capacity(iotlb)));
  return fill(iotlb, low, high, 0);
}

/**
 * The IOTLB with the whole entry that maps `page` by `mapping`, which is the page's own. It takes
 * the place of those that it overlaps, each of them whole: what was left of one could not be found
 * by an invalidation of the rest.
 */
export function rememberCached(iotlb: PageTree, page: number, mapping: number): PageTree {
  const held = get(iotlb, page);
  if (held === mapping) return iotlb;
  if (held !== 0 && sizeOf(held) > sizeOf(mapping)) {
    return rememberCached(dropCached(iotlb, page, page + 1), page, mapping);
  }
  const block = pagesOfSize[sizeOf(mapping)] as number;
  const offset = page % block;
  const start = mapping - offset * 512;
  return fill(iotlb, page - offset, page - offset + block, start);
}
