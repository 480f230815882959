import type { PageTree, Slot } from "./page-tree.ts";
import {
  advance,
  capacity,
  childAt,
  frameUnit,
  get,
  inverses,
  spans,
  waysAt,
} from "./page-tree.ts";

/** Told of `count` pages from `page` on that have `value`, linearly from there. */
export type Visit = (page: number, count: number, value: number) => void;

/** One visit to a range of pages, made once for all the slots that it goes through. */
interface Visiting {
  readonly first: number;
  readonly end: number;
  readonly linear: boolean;
  readonly visit: Visit;
}

function visitSlot(visiting: Visiting, slot: Slot, depth: number, base: number): void {
  const { first, end, linear } = visiting;
  if (slot === 0) return;
  const span = spans[depth] as number;
  if (typeof slot === "number") {
    const from = Math.max(first, base);
    const to = Math.min(end, base + span);
    visiting.visit(from, to - from, advance(slot, from - base, linear));
    return;
  }
  const childSpan = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / childSpan);
  const last = waysAt(depth - 1) - 1;
  const high = end >= base + span ? last : Math.floor((end - 1 - base) / childSpan);
  for (let index = low; index <= high; index++) {
    const child = childAt(slot, index);
    if (child === 0) continue;
    visitSlot(visiting, child, depth - 1, base + index * childSpan);
  }
}

/**
 * Visits every slot that is not 0 from `first` up to `end` (not included), in order, cut to that
 * range.
 */
export function forEachSlot(tree: PageTree, first: number, end: number, visit: Visit): void {
  const last = Math.min(end, capacity(tree));
  if (first >= last) return;
  const { levels, linear, root } = tree;
  if (last - first === 1) {
    const value = get(tree, first);
    if (value !== 0) visit(first, 1, value);
    return;
  }
  visitSlot({ first, end: last, linear, visit }, root, levels * 2, 0);
}

/** Whether a number `value` goes on after `count` pages with `next`. */
const goesOn = (value: number, count: number, next: number, linear: boolean): boolean =>
  next === (linear && value >= frameUnit ? value + count * frameUnit : value);

/** Like `forEachSlot`, with neighbours that go on from each other joined into one run. */
export function forEachRun(tree: PageTree, first: number, end: number, visit: Visit): void {
  let [page, count, value] = [0, 0, 0];
  forEachSlot(tree, first, end, (at, pages, next) => {
    if (count > 0 && page + count === at && goesOn(value, count, next, tree.linear)) {
      count += pages;
      return;
    }
    if (count > 0) visit(page, count, value);
    [page, count, value] = [at, pages, next];
  });
  if (count > 0) visit(page, count, value);
}

/** Whether any page from `first` up to `end` (not included) has a number other than 0. */
export function anyIn(tree: PageTree, first: number, end: number): boolean {
  const last = Math.min(end, capacity(tree));
  if (tree.root === 0 || first >= last) return false;
  return anyInSlot(tree.root, tree.levels * 2, 0, first, last);
}

function anyInSlot(slot: Slot, depth: number, base: number, first: number, end: number): boolean {
  if (typeof slot === "number") return slot !== 0;
  const childSpan = spans[depth - 1] as number;
  const low = first <= base ? 0 : Math.floor((first - base) / childSpan);
  const top = base + (spans[depth] as number);
  const last = waysAt(depth - 1) - 1;
  const high = end >= top ? last : Math.floor((end - 1 - base) / childSpan);
  for (let index = low; index <= high; index++) {
    if (anyInSlot(childAt(slot, index), depth - 1, base + index * childSpan, first, end))
      return true;
  }
  return false;
}

/** The slot of depth `depth` that starts at `page`; `page` is a multiple of its span. */
export function slotAt(tree: PageTree, page: number, depth: number): Slot {
  let slot = tree.root;
  let at = tree.levels * 2;
  let rest = page;
  while (at > depth && typeof slot !== "number") {
    at -= 1;
    const span = spans[at] as number;
    const index = Math.floor(rest / span);
    rest -= index * span;
    slot = childAt(slot, index);
  }
  return typeof slot === "number" ? advance(slot, rest, tree.linear) : slot;
}

/** The number at `first` if one slot says it for all `count` pages, else `undefined`. */
export function uniform(tree: PageTree, first: number, count: number): number | undefined {
  let depth = tree.levels * 2;
  const limit = spans[depth] as number;
  if (first >= limit) return 0;
  let slot = tree.root;
  let rest = first;
  while (typeof slot !== "number") {
    depth -= 1;
    const index = (rest * (inverses[depth] as number)) | 0;
    rest -= index * (spans[depth] as number);
    slot = childAt(slot, index);
  }
  if (rest + count > (spans[depth] as number)) return undefined;
  return advance(slot, rest, tree.linear);
}
