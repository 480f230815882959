import { FieldError } from "../../events/field.ts";
import type { P2m } from "../../tables/mapping.ts";
import { flagsOf, frameOf, hasFrame, ok } from "../../tables/mapping.ts";
import type { Owners } from "../../tables/p2m.ts";
import { ownerGuest, ownerPage } from "../../tables/p2m.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { capacity, emptyTree, fill } from "../../tables/page-tree.ts";
import { forEachRun, forEachSlot } from "../../tables/page-tree-range.ts";

/** `count` pages from `page` on that lead to guest pages from `gfn` on, with the same flags. */
export type FrameRun = readonly [page: number, count: number, gfn: number, flags: number];

/**
 * What a cache of host frames holds, in guest pages: host addresses mean nothing on another host.
 * Each frame belongs to some page of the guest, or it would not be cached.
 */
export function runsInGuest(cache: PageTree, owners: Owners, guest: number): readonly FrameRun[] {
  const runs: FrameRun[] = [];
  const add = (page: number, count: number, gfn: number, flags: number): void => {
    const last = runs.at(-1);
    const goesOn =
      last !== undefined &&
      last[0] + last[1] === page &&
      last[2] + last[1] === gfn &&
      last[3] === flags;
    if (goesOn) runs[runs.length - 1] = [last[0], last[1] + count, last[2], flags];
    else runs.push([page, count, gfn, flags]);
  };
  forEachRun(cache, 0, capacity(cache), (page, count, value) => {
    if (!hasFrame(value)) return;
    const hfn = frameOf(value);
    forEachSlot(owners, hfn, hfn + count, (frame, pages, owner) => {
      if (ownerGuest(owner) !== guest) return;
      add(page + frame - hfn, pages, ownerPage(owner), flagsOf(value));
    });
  });
  return runs;
}

/** Whether a grant of the P2M covers what the flags of a cached mapping allow. */
function covers(grant: number, flags: number): boolean {
  const granted = flagsOf(grant);
  const reads = (flags & 7) !== ok || (granted & 7) === ok;
  return reads && (((flags >> 3) & 7) !== ok || ((granted >> 3) & 7) === ok);
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/**
 * The cache that runs describe, behind the P2M as it is here; what it does not grant is left out,
 * as if it had been evicted.
 *
 * @throws FieldError when a run cannot be.
 */
export function cacheOf(runs: readonly (readonly number[])[], levels: number, p2m: P2m): PageTree {
  let cache = emptyTree(levels, true);
  for (const run of runs) {
    const [page = -1, count = -1, gfn = -1, flags = -1] = run;
    const fits = run.every(isWhole) && run.length === 4 && page + count <= capacity(cache);
    const sane = (flags & 7) < 7 && ((flags >> 3) & 7) < 7 && flags >> 6 < 5;
    if (!fits || !sane) throw new FieldError("a run of cached pages cannot be");
    forEachSlot(p2m, gfn, gfn + count, (from, pages, grant) => {
      if (!hasFrame(grant) || !covers(grant, flags)) return;
      const first = page + from - gfn;
      cache = fill(cache, first, first + pages, grant - flagsOf(grant) + flags);
    });
  }
  return cache;
}
