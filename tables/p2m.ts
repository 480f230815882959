/*
 * How a P2M changes (`tables/mapping.ts` says what it is), and which guest page each host frame
 * belongs to.
 */

import type { P2m } from "./mapping.ts";
import {
  flagsOf,
  frameOf,
  hasFrame,
  mapped,
  ok,
  pagesOfSize,
  permission,
  resized,
  sizeOf,
} from "./mapping.ts";
import type { PageTree } from "./page-tree.ts";
import { advance, change, fill, get } from "./page-tree.ts";
import { forEachSlot } from "./page-tree-range.ts";

const access = (granted: boolean): number => (granted ? ok : permission);

/** The number of a P2M mapping at its first page. */
export const p2mMapping = (hfn: number, read: boolean, write: boolean, size: number): number =>
  mapped(hfn, access(read), access(write), size);

/** Splits the mapping that `edge` lies inside of into blocks that end there. */
function splitAt(p2m: P2m, edge: number): P2m {
  const value = get(p2m, edge);
  if (!hasFrame(value)) return p2m;
  let tree = p2m;
  for (let size = sizeOf(value); size > 0; size--) {
    const block = pagesOfSize[size] as number;
    const start = edge - (edge % block);
    if (start === edge) return tree;
    const smaller = resized(get(tree, start), size - 1);
    tree = fill(tree, start, start + block, smaller);
  }
  return tree;
}

/** The first page of the mapping block that holds `page`, and the page after its end. */
export function blockAround(p2m: P2m, page: number): readonly [number, number] {
  const block = pagesOfSize[sizeOf(get(p2m, page))] ?? 1;
  const start = page - (page % block);
  return [start, start + block];
}

const splitEdges = (p2m: P2m, first: number, end: number): P2m => splitAt(splitAt(p2m, first), end);

/** Maps `[first, end)`, both multiples of the size's pages, to frames from that of `value` on. */
export const mapPages = (p2m: P2m, first: number, end: number, value: number): P2m =>
  fill(splitEdges(p2m, first, end), first, end, value);

export const unmapPages = (p2m: P2m, first: number, end: number): P2m =>
  fill(splitEdges(p2m, first, end), first, end, 0);

/** Changes what the pages that are mapped grant. */
export function protectPages(
  p2m: P2m,
  first: number,
  end: number,
  read: boolean,
  write: boolean,
): P2m {
  const flags = access(read) + access(write) * 8;
  const grant = (old: number): number => (hasFrame(old) ? old - (flagsOf(old) & 63) + flags : old);
  return change(splitEdges(p2m, first, end), first, end, grant);
}

/**
 * Which guest page each host frame belongs to: the page in units of `frameUnit`, plus the guest's
 * index.
 */
export type Owners = PageTree;

export const ownerGuest = (owner: number): number => flagsOf(owner);
export const ownerPage = (owner: number): number => frameOf(owner);

/** The owners once guest `guest` has lost the frames behind `[first, end)`. */
export function disown(owners: Owners, p2m: P2m, first: number, end: number): Owners {
  let tree = owners;
  forEachSlot(p2m, first, end, (_page, count, value) => {
    if (hasFrame(value)) tree = fill(tree, frameOf(value), frameOf(value) + count, 0);
  });
  return tree;
}

/** The owners once `guest` has `count` frames from `hfn` on, for its pages from `gfn` on. */
export const own = (
  owners: Owners,
  guest: number,
  gfn: number,
  hfn: number,
  count: number,
): Owners => fill(owners, hfn, hfn + count, (gfn + 1) * 512 + guest);

/** Whether some frame from `hfn` on belongs to anything but the page that would map it. */
export function takenFrom(
  owners: Owners,
  guest: number,
  gfn: number,
  hfn: number,
  count: number,
): boolean {
  let taken = false;
  forEachSlot(owners, hfn, hfn + count, (frame, _count, owner) => {
    if (owner !== advance((gfn + 1) * 512 + guest, frame - hfn, true)) taken = true;
  });
  return taken;
}
