import type { Node, PageTree, Slot } from "./page-tree.ts";
import { childOf, collapse, expand, spans, waysAt, withChild } from "./page-tree.ts";

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

/** A node with all its slots decided anew. */
export function eachSlot(node: Node, decide: (slot: Slot, index: number) => Slot): Node {
  const made = node.slice();
  for (let index = 0; index < made.length; index++) {
    made[index] = decide(made[index] as Slot, index);
  }
  return made;
}
