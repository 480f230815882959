import type { PageTree } from "../../tables/page-tree.ts";

/**
 * What the device models were told of one domain-id and root, and by which event: IOVA pages to
 * guest pages.
 */
export interface VirtualCache {
  readonly did: number;
  /** Guest page of the top table. */
  readonly root: number;
  readonly levels: number;
  readonly entries: PageTree;
  /** Flat; the number of the event that put each entry there. */
  readonly since: PageTree;
}

/** Whose tables a cache is of. */
type CacheKey = Pick<VirtualCache, "did" | "levels"> & { readonly root: number | undefined };

const isCacheOf = (cache: VirtualCache, { did, root, levels }: CacheKey): boolean =>
  cache.did === did && cache.root === root && cache.levels === levels;

/** What the device models were told of an entry's tables, if anything. */
export const virtualCacheOf = (
  guest: { readonly virtualCaches: readonly VirtualCache[] },
  key: CacheKey,
): VirtualCache | undefined => guest.virtualCaches.find((cache) => isCacheOf(cache, key));
