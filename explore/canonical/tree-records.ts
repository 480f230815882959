import { frameOf } from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { capacity, frameUnit } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import type { Digest } from "./digest.ts";
import { kinds } from "./kinds.ts";

/** What a name becomes. */
type Rename = (name: number) => number;

/** Pages of a run that are told one by one, at most. */
const mostPages = 512;

/** A mark without the event that it is of: that it is there, and whether of an upper entry. */
export const markOf = (value: number): number => 2 + (value % 2);

type Three = [first: number, count: number, value: number];

/** The tree that was looked at last: it is told under one renaming after the other. */
const last: { tree: PageTree | undefined; readonly slots: number[] } = {
  tree: undefined,
  slots: [],
};

/** First page, count and value of each slot that is not 0, one after the other. */
function slotsOf(tree: PageTree): readonly number[] {
  if (last.tree === tree) return last.slots;
  const { slots } = last;
  slots.length = 0;
  forEachSlot(tree, 0, capacity(tree), (first, count, value) => slots.push(first, count, value));
  last.tree = tree;
  return slots;
}

/**
 * The records of a tree: for each page what it says, or for each run that is too long to be about
 * pages that have names.
 *
 * @param page   renames the pages that the tree is about.
 * @param frame  renames the frames that it leads to.
 * @param value  what counts of a number without a frame.
 * @param owner  whose tree it is: the first fields of each record.
 * @param kind   of each record.
 */
export function treeRecords(
  to: Digest,
  tree: PageTree,
  page: Rename,
  frame: Rename,
  value: Rename = (one) => one,
  owner: readonly number[] = [],
  kind: number = kinds.tree,
): void {
  const slots = slotsOf(tree);
  for (let slot = 0; slot < slots.length; slot += 3) {
    const [first, count, found] = [slots[slot], slots[slot + 1], slots[slot + 2]] as Three;
    const isFrame = tree.linear && found >= frameUnit;
    const pages = count > mostPages ? 1 : count;
    for (let at = 0; at < pages; at++) {
      to.begin(kind);
      for (let part = 0; part < owner.length; part++) to.field(owner[part] as number);
      to.field(pages === 1 && count > 1 ? first : page(first + at));
      to.field(pages === 1 ? count : 1);
      to.field(isFrame ? frame(frameOf(found) + at) + 1 : 0);
      to.field(isFrame ? found % frameUnit : value(found));
      to.end();
    }
  }
}
