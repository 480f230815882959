import type { Slot } from "./page-tree-node.ts";
import { advance, childAt, frameUnit, inverses, spans } from "./page-tree-node.ts";

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
