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
import { get } from "./page-tree.ts";
import { change, fill } from "./page-tree-change.ts";
import { advance } from "./page-tree-node.ts";
import { forEachSlot } from "./page-tree-range.ts";

/**
 * The P2M: guest page number to a mapping (`tables/mapping.ts`) whose outcomes are `ok` or
 * `permission`. A mapping of which a part is changed goes on in the largest aligned blocks that lie
 * wholly outside the change.
 */
export type P2m = PageTree;

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
 * What the last P2M grants of the pages that were asked for last, by the low bits of their numbers:
 * walks ask again and again for the same few tables. It says nothing that looking again would not.
 */
const slots = 4096;
const versions = 4096;
/** The page number, and above its 40 bits the version of the P2M that was looked at. */
const keys = new Float64Array(slots);
const outcomes = new Uint8Array(slots);
let version = 0;
let last: P2m | undefined;

/** The outcomes of a read in bits 2:0, of a write in 5:3. */
function outcomesAt(p2m: P2m, gfn: number): number {
  if (p2m !== last) {
    last = p2m;
    version = (version % (versions - 1)) + 1;
    if (version === 1) keys.fill(0);
  }
  if (gfn >= 2 ** 40) return flagsOf(get(p2m, gfn)) & 63;
  const slot = gfn & (slots - 1);
  const key = version * 2 ** 40 + gfn;
  if (keys[slot] === key) return outcomes[slot] as number;
  const found = flagsOf(get(p2m, gfn)) & 63;
  keys[slot] = key;
  outcomes[slot] = found;
  return found;
}

/**
 * Whether the page can be read, or written, at all: by its CPU, its tables' walker, its devices.
 */
export const readable = (p2m: P2m, gfn: number): boolean => (outcomesAt(p2m, gfn) & 7) === ok;
export const writable = (p2m: P2m, gfn: number): boolean => outcomesAt(p2m, gfn) >> 3 === ok;

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
