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

/** A node of 16 or 32 slots. */
export type Node = readonly Slot[];

/** A node, or the number of every page below. */
export type Slot = number | Node;

export interface PageTree {
  /** Table levels of 9 bits: pages run from 0 to 512^levels - 1. */
  readonly levels: number;
  readonly linear: boolean;
  readonly root: Slot;
}

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

const zeros16: Node = new Array<Slot>(16).fill(0);

const zeros32: Node = new Array<Slot>(32).fill(0);

/** Ways of the node whose slots have this depth. */
export const waysAt = (childDepth: number): number => (childDepth % 2 === 0 ? 32 : 16);

/** An empty tree of `512^levels` pages. */
export const emptyTree = (levels: number, linear: boolean): PageTree =>
  ({ levels, linear, root: 0 }) satisfies PageTree;

/** Pages that the tree can hold. */
export const capacity = (tree: PageTree): number => spans[tree.levels * 2] ?? 0;

/** The number that a slot's number means `pages` further on. */
export const advance = (value: number, pages: number, linear: boolean): number =>
  linear && value >= frameUnit ? value + pages * frameUnit : value;

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
    slot = slot[index] as Slot;
  }
  return tree.linear && slot >= frameUnit ? slot + rest * frameUnit : slot;
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
    slot = slot[index] as Slot;
  }
  if (rest + count > (spans[depth] as number)) return undefined;
  return advance(slot, rest, tree.linear);
}

/** The node that says slot by slot what a number says for all; a node is itself. */
export function expand(slot: Slot, depth: number, linear: boolean): Node {
  if (typeof slot !== "number") return slot;
  const ways = waysAt(depth - 1);
  if (slot === 0) return ways === 32 ? zeros32 : zeros16;
  const span = spans[depth - 1] as number;
  const node = (ways === 32 ? zeros32 : zeros16).slice();
  for (let index = 0; index < ways; index++) node[index] = advance(slot, index * span, linear);
  return node;
}

/** The one number that the node could be said as, else the node itself. */
export function collapse(node: Node, depth: number, linear: boolean): Slot {
  const first = node[0] as Slot;
  if (typeof first !== "number") return node;
  const step = linear && first >= frameUnit ? (spans[depth - 1] as number) * frameUnit : 0;
  let wanted = first;
  for (let index = 1; index < node.length; index++) {
    wanted += step;
    if (node[index] !== wanted) return node;
  }
  return first;
}
