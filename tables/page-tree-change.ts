import type { PageTree } from "./page-tree.ts";
import { capacity, get } from "./page-tree.ts";
import type { Slot } from "./page-tree-node.ts";
import {
  advance,
  childOf,
  collapse,
  expand,
  inverses,
  spans,
  waysAt,
  withChild,
} from "./page-tree-node.ts";

/** Decides the number of all `count` pages from `page`, which had `old`, linearly from there. */
export type Change = (old: number, page: number, count: number) => number;

/** One change of a range of pages, made once for all the slots that it goes through. */
interface Changing {
  readonly first: number;
  readonly end: number;
  readonly linear: boolean;
  readonly decide: Change;
}

function changeSlot(changing: Changing, slot: Slot, depth: number, base: number): Slot {
  const { first, end, linear } = changing;
  const span = spans[depth] as number;
  if (typeof slot === "number" && first <= base && end >= base + span) {
    return changing.decide(slot, base, span);
  }
  const childSpan = spans[depth - 1] as number;
  const low = first <= base ? 0 : ((first - base) / childSpan) | 0;
  const high = end >= base + span ? waysAt(depth - 1) - 1 : ((end - 1 - base) / childSpan) | 0;
  if (low === high) {
    const old = childOf(slot, depth, low, linear);
    const next = changeSlot(changing, old, depth - 1, base + low * childSpan);
    return next === old ? slot : withChild(slot, depth, low, next, linear);
  }
  const node = expand(slot, depth, linear);
  let copy: Slot[] | undefined;
  for (let index = low; index <= high; index++) {
    const old = node[index] as Slot;
    const next = changeSlot(changing, old, depth - 1, base + index * childSpan);
    if (next !== old) {
      copy ??= node.slice();
      copy[index] = next;
    }
  }
  return copy === undefined ? slot : collapse(copy, depth, linear);
}

/**
 * The tree with every number from `first` up to `end` (not included) decided anew, slot by slot.
 */
export function change(tree: PageTree, first: number, end: number, decide: Change): PageTree {
  const limit = capacity(tree);
  const last = Math.min(end, limit);
  if (first >= last) return tree;
  const { levels, linear } = tree;
  if (last - first === 1) {
    const old = get(tree, first);
    const value = decide(old, first, 1);
    return value === old ? tree : withPage(tree, first, value);
  }
  const root = changeSlot({ first, end: last, linear, decide }, tree.root, levels * 2, 0);
  return root === tree.root ? tree : { levels, linear, root };
}

/** A number for the pages `first` up to `end`, said of page `origin` and linearly from there. */
export interface Filling {
  readonly first: number;
  readonly end: number;
  readonly value: number;
  readonly origin: number;
  readonly linear: boolean;
}

/** The slot of the pages from `base` on with what of them is filled. */
export function fillSlot(filling: Filling, slot: Slot, depth: number, base: number): Slot {
  const { first, end, value, origin, linear } = filling;
  const span = spans[depth] as number;
  if (first <= base && end >= base + span) return advance(value, base - origin, linear);
  const childSpan = spans[depth - 1] as number;
  const low = first <= base ? 0 : ((first - base) / childSpan) | 0;
  const high = end >= base + span ? waysAt(depth - 1) - 1 : ((end - 1 - base) / childSpan) | 0;
  if (low === high) {
    const old = childOf(slot, depth, low, linear);
    const at = base + low * childSpan;
    const next = fillSlot(filling, old, depth - 1, at);
    return next === old ? slot : withChild(slot, depth, low, next, linear);
  }
  const node = expand(slot, depth, linear).slice();
  for (let index = low; index <= high; index++) {
    const at = base + index * childSpan;
    const old = node[index] as Slot;
    node[index] =
      depth === 1 ? advance(value, at - origin, linear) : fillSlot(filling, old, depth - 1, at);
  }
  return collapse(node, depth, linear);
}

/** The slot with one page of it set. */
function setSlot(slot: Slot, depth: number, rest: number, value: number, linear: boolean): Slot {
  if (depth === 0) return value;
  const index = (rest * (inverses[depth - 1] as number)) | 0;
  const below = rest - index * (spans[depth - 1] as number);
  if (typeof slot !== "number" && slot.length === 2 && slot[0] === 1 << index) {
    // Most nodes of most trees: the only way is the one that is taken.
    const only = slot[1] as Slot;
    const child = setSlot(only, depth - 1, below, value, linear);
    return child === only ? slot : child === 0 ? 0 : [1 << index, child];
  }
  const old = childOf(slot, depth, index, linear);
  const child = setSlot(old, depth - 1, below, value, linear);
  return child === old ? slot : withChild(slot, depth, index, child, linear);
}

/** The tree with one page set, which is within it. */
function withPage(tree: PageTree, page: number, value: number): PageTree {
  const { levels, linear } = tree;
  const root = setSlot(tree.root, levels * 2, page, value, linear);
  return root === tree.root ? tree : { levels, linear, root };
}

/** The tree with `value` at `first`, and linearly from there, up to `end` (not included). */
export function fill(tree: PageTree, first: number, end: number, value: number): PageTree {
  const last = Math.min(end, capacity(tree));
  if (first >= last) return tree;
  if (last - first === 1) return withPage(tree, first, value);
  const { levels, linear } = tree;
  const root = fillSlot(
    { first, end: last, value, origin: first, linear },
    tree.root,
    levels * 2,
    0,
  );
  return { levels, linear, root };
}

/**
 * A slot of a linear tree with its children from `low` to `high` decided anew; the slot itself when
 * all of them are what they were.
 */
export function withChildren(
  slot: Slot,
  depth: number,
  low: number,
  high: number,
  decide: (index: number, was: Slot) => Slot,
): Slot {
  if (low === high) {
    const was = childOf(slot, depth, low, true);
    const child = decide(low, was);
    return child === was ? slot : withChild(slot, depth, low, child, true);
  }
  const node = expand(slot, depth, true);
  let copy: Slot[] | undefined;
  for (let index = low; index <= high; index++) {
    const was = node[index] as Slot;
    const child = decide(index, was);
    if (child === was) continue;
    copy ??= node.slice();
    copy[index] = child;
  }
  return copy === undefined ? slot : collapse(copy, depth, true);
}

/**
 * A linear tree with slots of one depth put side by side from `first` up to `end` (not included),
 * as they are; both are multiples of their span.
 */
export function putSlots(
  tree: PageTree,
  first: number,
  end: number,
  depth: number,
  slotOf: (index: number) => Slot,
): PageTree {
  const span = spans[depth] as number;
  const put = (old: Slot, at: number, base: number): Slot => {
    if (at === depth) return slotOf((base - first) / span);
    const below = spans[at - 1] as number;
    const low = first <= base ? 0 : Math.floor((first - base) / below);
    const high = Math.min(waysAt(at - 1) - 1, Math.floor((end - 1 - base) / below));
    return withChildren(old, at, low, high, (index, was) => put(was, at - 1, base + index * below));
  };
  return { ...tree, root: put(tree.root, tree.levels * 2, 0) };
}
