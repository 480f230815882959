import { pageIn } from "../../events/address.ts";
import { frozen } from "../../events/frozen.ts";
import { halfMasks, halvesOfField } from "../../events/layout/field-halves.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import type { P2m } from "../../tables/mapping.ts";
import { pagesOfSize, readable } from "../../tables/mapping.ts";
import type { Memory, Page } from "../../tables/memory.ts";
import { half, pageAt } from "../../tables/memory.ts";
import type { Shadow } from "../shadow/shadow.ts";

/**
 * A guest page read as the table of `level` that translates the pages from `base` on, for one
 * shadow.
 */
export interface TablePlace {
  readonly shadow: number;
  readonly level: number;
  readonly base: number;
}

/** How a guest page is used by walks. */
export interface TableUse {
  readonly uses: readonly TablePlace[];
  /**
   * Shadows that reach the page in too many places to list: a write concerns all of their pages.
   */
  readonly shared: readonly number[];
  /** It holds root or context entries. */
  readonly context: boolean;
}

export const noUse: TableUse = frozen({ uses: [], shared: [], context: false });

/** Places of one table in one shadow that are listed one by one. */
export const maxUses = 8;

export const { r, w, ps } = halfMasks(SecondStageEntry);
const { above } = halvesOfField(SecondStageEntry.fields.address);

const noUpperEntry = -1;

/**
 * The guest page that the present table pointer at half `index` of a page names, or `noUpperEntry`.
 */
export function pointerIn(page: Page | undefined, index: number): number {
  const low = half(page, index);
  if ((low & (r | w)) === 0 || (low & ps) !== 0) return noUpperEntry;
  return pageIn(low, half(page, index + 1), above);
}

/** Whether the guest's tables still reach page `gfn` as `use` says, from the shadow's root. */
export function isReached(
  p2m: P2m,
  memory: Memory,
  shadow: Shadow,
  use: TablePlace,
  gfn: number,
): boolean {
  let table = shadow.root;
  let rest = use.base;
  for (let level = shadow.levels; level > use.level; level--) {
    if (!readable(p2m, table)) return false;
    const span = pagesOfSize[level - 1] as number;
    const index = Math.floor(rest / span);
    rest -= index * span;
    table = pointerIn(pageAt(memory, table), index * 2);
    if (table === noUpperEntry) return false;
  }
  return table === gfn;
}
