// Length: one data structure, its nodes and how they change, read in one place.

/**
 * A persistent map from page numbers to numbers, shaped like a page table.
 *
 * Every table level of 9 bits is two nodes: 16 ways above, 32 ways below. A slot holds a node or a
 * number that stands for all the pages below it. In a *linear* tree a number with a frame (`>=
 * frameUnit`) grows by `frameUnit` a page, so one slot can hold a contiguous mapping of any size;
 * smaller numbers and those of a *flat* tree are the same for every page. A node that one number
 * could say is never kept, so equal contents have equal shapes: comparison and hashing may go by
 * structure, and what two versions share is skipped.
 */
export interface PageTree {
  /** Table levels of 9 bits: pages run from 0 to 512^levels - 1. */
  readonly levels: number;
  readonly linear: boolean;
  readonly root: Slot;
}

/** An empty tree of `512^levels` pages. */
export const emptyTree = (levels: number, linear: boolean): PageTree =>
  ({ levels, linear, root: 0 }) satisfies PageTree;

/** Pages that the tree can hold. */
export const capacity = (tree: PageTree): number => spans[tree.levels * 2] ?? 0;

/** The number at `page`; 0 where nothing was set and beyond the tree. */
export function get(tree: PageTree, page: number): number {
  let depth = tree.levels * 2;
  if (page >= (spans[depth] as number)) return 0;
  let slot = tree.root;
  let rest = page;
  while (typeof slot !== "number") {
    depth -= 1;
    const index = (rest * (inverses[depth] as number)) | 0;
    rest -= index * (spans[depth] as number);
    slot = childAt(slot, index);
  }
  return tree.linear && slot >= frameUnit ? slot + rest * frameUnit : slot;
}

/**
 * A node: its 16 or 32 slots; or, where at most `fewSlots` of them are not 0, a mask of those and
 * then these alone. What looks into one goes through `childAt` or `expand`.
 */
export type Node = readonly Slot[];

/** A node, or the number of every page below. */
export type Slot = number | Node;

/** One page frame in the number of a linear tree; what is below it are flags. */
export const frameUnit = 512;

/**
 * Pages below a slot of each depth; depth 0 is a page, 1 a bottom node of 32, 2 a node of 16 of
 * those, and so on.
 */
export const spans: readonly number[] = Array.from({ length: 13 }, (_, depth) => {
  const pairs = Math.floor(depth / 2);
  return 512 ** pairs * (depth % 2 === 0 ? 1 : 32);
});

export const inverses: readonly number[] = spans.map((span) => 1 / span);

/**
 * Slots that are 0, in an array that an engine lays out for anything: nodes are copies of these, so
 * that whoever looks into one finds one layout, whatever it holds. (V8 knows six of an array.)
 */
const zeros = (ways: number): Node => new Array<Slot>(ways).fill([]).fill(0);

const [zeros16, zeros32] = [zeros(16), zeros(32)];

/** Ways of the node whose slots have this depth. */
export const waysAt = (childDepth: number): number => (childDepth % 2 === 0 ? 32 : 16);

/** The number that a slot's number means `pages` further on. */
export const advance = (value: number, pages: number, linear: boolean): number =>
  linear && value >= frameUnit ? value + pages * frameUnit : value;

const fewSlots = 4;

/** How many bits of a mask of 32 are set. */
function bitCount(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** The slot of a node by its index, 0 to 15 or 31. */
export function childAt(node: Node, index: number): Slot {
  if (node.length > fewSlots + 1) return node[index] as Slot;
  const mask = node[0] as number;
  const bit = 1 << index;
  return (mask & bit) === 0 ? 0 : (node[1 + bitCount(mask & (bit - 1))] as Slot);
}

/** Which slots of a node of few are not 0, or of 0; `undefined` for any other slot. */
export function fewOf(slot: Slot): number | undefined {
  if (typeof slot === "number") return slot === 0 ? 0 : undefined;
  return slot.length <= fewSlots + 1 ? (slot[0] as number) : undefined;
}

/** A node with all its slots: of a number, what it says for each; not to be kept in a tree. */
export function expand(slot: Slot, depth: number, linear: boolean): Node {
  const ways = waysAt(depth - 1);
  if (typeof slot !== "number") {
    if (slot.length > fewSlots + 1) return slot;
    const node = (ways === 32 ? zeros32 : zeros16).slice();
    let next = 1;
    for (let mask = slot[0] as number; mask !== 0; mask &= mask - 1) {
      node[31 - Math.clz32(mask & -mask)] = slot[next] as Slot;
      next += 1;
    }
    return node;
  }
  if (slot === 0) return ways === 32 ? zeros32 : zeros16;
  const span = spans[depth - 1] as number;
  const node = (ways === 32 ? zeros32 : zeros16).slice();
  for (let index = 0; index < ways; index++) node[index] = advance(slot, index * span, linear);
  return node;
}

/** The node as a tree keeps it when few of its slots are not 0, else the node itself. */
function withoutZeros(node: Node): Node {
  let mask = 0;
  let count = 0;
  for (let index = 0; index < node.length; index++) {
    if (node[index] === 0) continue;
    count += 1;
    if (count > fewSlots) return node;
    mask |= 1 << index;
  }
  const few = node.slice(0, count + 1);
  few[0] = mask;
  let next = 1;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    few[next] = node[31 - Math.clz32(rest & -rest)] as Slot;
    next += 1;
  }
  return few;
}

/** The one number that says the same as a node with all its slots, or `undefined`. */
function asNumber(node: Node, depth: number, linear: boolean): number | undefined {
  const first = node[0] as Slot;
  if (typeof first !== "number") return undefined;
  const step = linear && first >= frameUnit ? (spans[depth - 1] as number) * frameUnit : 0;
  let wanted = first;
  for (let index = 1; index < node.length; index++) {
    wanted += step;
    if (node[index] !== wanted) return undefined;
  }
  return first;
}

/** Whether one slot goes on from its neighbour: where it does not, no number says all. */
function isStep(node: Node, depth: number, index: number, linear: boolean): boolean {
  const at = index === 0 ? 1 : index;
  const before = node[at - 1] as Slot;
  const span = spans[depth - 1] as number;
  return typeof before === "number" && node[at] === advance(before, span, linear);
}

/** A node with all its slots as a tree keeps it: the one number that says the same, or a node. */
export const collapse = (node: Node, depth: number, linear: boolean): Slot =>
  asNumber(node, depth, linear) ?? withoutZeros(node);

/** The child of a slot by its index: of a number, what it says from there. */
export const childOf = (slot: Slot, depth: number, index: number, linear: boolean): Slot =>
  typeof slot === "number"
    ? advance(slot, index * (spans[depth - 1] as number), linear)
    : childAt(slot, index);

/** A node of few slots with one more before its slot `at`. Splicing costs five times as much. */
function withOneMore(node: Node, mask: number, at: number, child: Slot): Node {
  const slot = (place: number): Slot =>
    place === at ? child : (node[place < at ? place : place - 1] as Slot);
  if (node.length === 2) return [mask, slot(1), slot(2)];
  if (node.length === 3) return [mask, slot(1), slot(2), slot(3)];
  return [mask, slot(1), slot(2), slot(3), slot(4)];
}

/** A node of two to four slots without its slot `at`. */
function withOneLess(node: Node, mask: number, at: number): Node {
  const slot = (place: number): Slot => node[place < at ? place : place + 1] as Slot;
  if (node.length === 3) return [mask, slot(1)];
  if (node.length === 4) return [mask, slot(1), slot(2)];
  return [mask, slot(1), slot(2), slot(3)];
}

/** A node of few slots with one of them replaced; at most `fewSlots` are not 0 then. */
function withFew(node: Node, index: number, child: Slot): Slot {
  const mask = node[0] as number;
  const bit = 1 << index;
  const isThere = (mask & bit) !== 0;
  if (isThere && node.length === 2) return child === 0 ? 0 : [mask, child];
  const at = 1 + bitCount(mask & (bit - 1));
  if (!isThere) return withOneMore(node, mask | bit, at, child);
  if (child === 0) return withOneLess(node, mask & ~bit, at);
  const next = node.slice();
  next[at] = child;
  return next;
}

/** A slot with one child, which differs from the one it has, replaced; as a tree keeps it. */
export function withChild(
  slot: Slot,
  depth: number,
  index: number,
  child: Slot,
  linear: boolean,
): Slot {
  if (slot === 0) return [1 << index, child];
  if (typeof slot === "number") {
    const node = expand(slot, depth, linear).slice();
    node[index] = child;
    return collapse(node, depth, linear);
  }
  if (slot.length <= fewSlots) return withFew(slot, index, child);
  if (slot.length === fewSlots + 1) {
    if (((slot[0] as number) & (1 << index)) !== 0) return withFew(slot, index, child);
    const node = expand(slot, depth, linear).slice();
    node[index] = child;
    return withoutZeros(node);
  }
  const node = slot.slice();
  node[index] = child;
  if (child === 0) return withoutZeros(node);
  return isStep(node, depth, index, linear) ? (asNumber(node, depth, linear) ?? node) : node;
}

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
