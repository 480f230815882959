import type { Node, PageTree, Slot } from "./page-tree.ts";
import { childAt, expand, fewOf, spans } from "./page-tree.ts";
import type { Visit } from "./page-tree-range.ts";

interface Comparing {
  readonly linear: boolean;
  readonly visit: Visit;
  /** Slots that may still be looked at. */
  left: number;
}

/** Whether everything that differs was visited: not once the patience is at its end. */
function differ(comparing: Comparing, from: Slot, to: Slot, depth: number, base: number): boolean {
  if (from === to) return true;
  comparing.left -= 1;
  if (comparing.left < 0) return false;
  const span = spans[depth] as number;
  if (typeof from === "number" && typeof to === "number") {
    comparing.visit(base, span, to);
    return true;
  }
  return differBelow(comparing, from, to, depth, base);
}

/** The same of the slots of two nodes, or of a node and a number that says all of them. */
function differBelow(
  comparing: Comparing,
  from: Slot,
  to: Slot,
  depth: number,
  base: number,
): boolean {
  const { linear } = comparing;
  const childSpan = spans[depth - 1] as number;
  const [few, others] = [fewOf(from), fewOf(to)];
  if (few !== undefined && others !== undefined) {
    // Most nodes that differ have few slots: the empty ones are not looked at.
    for (let bits = few | others; bits !== 0; bits &= bits - 1) {
      const index = 31 - Math.clz32(bits & -bits);
      const before = from === 0 ? 0 : childAt(from as Node, index);
      const after = to === 0 ? 0 : childAt(to as Node, index);
      if (before === after) continue;
      if (!differ(comparing, before, after, depth - 1, base + index * childSpan)) return false;
    }
    return true;
  }
  const [before, after] = [expand(from, depth, linear), expand(to, depth, linear)];
  for (let index = 0; index < before.length; index++) {
    const [one, other] = [before[index] as Slot, after[index] as Slot];
    if (one === other) continue;
    if (!differ(comparing, one, other, depth - 1, base + index * childSpan)) return false;
  }
  return true;
}

/**
 * Visits the pages of which two trees of one kind say something different, in order, with what the
 * second says. What they share is passed over: it costs what differs.
 *
 * @param most  how many slots that differ are looked at: trees that share their own nodes differ in
 *   more places than they have nodes.
 * @returns whether that was all of it.
 */
export function treeDifference(from: PageTree, to: PageTree, most: number, visit: Visit): boolean {
  if (from.levels !== to.levels || from.linear !== to.linear) return false;
  const comparing = { linear: to.linear, visit, left: most };
  return differ(comparing, from.root, to.root, to.levels * 2, 0);
}
