import type { Range } from "../../events/address.ts";
import type { Guest } from "../../projections/guest.ts";
import { isRegistered } from "../../projections/memory/evolve-memory.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { isWeb } from "../../projections/shadow/shadow.ts";
import { behindP2m, frameOf, hasFrame, pagesOfSize } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import { radixGet } from "../../tables/radix.ts";
import type { Teller } from "./teller.ts";
import { addRun, finish } from "./teller.ts";
import { walkTables } from "./walk-second-stage.ts";

/** Pages that are walked to one by one; of more the trees are read. */
const fewPages = 8;

/** A page of a shadow as the guest's tables have it now. */
interface WalkedPage {
  readonly page: number;
  readonly stage: number;
  readonly host: number;
}

/** Whether the tables on a walk's whole path are known to be tables of a shadow already. */
function arePathTables(guest: Guest, shadow: Shadow, page: number, path: readonly number[]) {
  if (path.length < shadow.levels) return false;
  for (let level = shadow.levels; level > 0; level--) {
    const use = radixGet(guest.tables, path[shadow.levels - level] as number);
    const base = page - (page % (pagesOfSize[level] as number));
    if (!isRegistered(use, { shadow: shadow.id, level, base })) return false;
  }
  return true;
}

/**
 * What changed in a few pages of a shadow, each by a walk of its own: the same as building trees
 * and comparing them, which costs ten times as much where a driver maps or unmaps one page.
 *
 * @param limit  pages that the shadow's tables can translate.
 * @returns the pages that changed, in rising order; `undefined` where trees must be built: of many
 *   pages, of a web, where a leaf is larger than a page, and where a table was not read before.
 */
export function changedPages(
  guest: Guest,
  shadow: Shadow,
  ranges: readonly Range[],
  limit: number,
): readonly WalkedPage[] | undefined {
  if (ranges.length > fewPages || isWeb(shadow)) return undefined;
  const changed: WalkedPage[] = [];
  let count = 0;
  for (const { first, end } of ranges) {
    count += end - first;
    if (count > fewPages) return undefined;
    for (let page = first; page < Math.min(end, limit); page++) {
      const path: number[] = [];
      const stage = walkTables(guest, shadow.root, shadow.levels, page, undefined, path);
      if (!arePathTables(guest, shadow, page, path)) return undefined;
      if (stage === get(shadow.stage, page)) continue;
      const host = hasFrame(stage) ? behindP2m(stage, get(guest.p2m, frameOf(stage))) : stage;
      changed.push({ page, stage, host });
    }
  }
  return changed;
}

/** Tells pages that changed, those that go on from each other in one fact. */
export function tellPages(id: number, pages: readonly WalkedPage[], tell: Teller["tell"]): void {
  const teller: Teller = { shadow: id, tell, run: undefined, repeats: undefined };
  for (const { page, stage, host } of pages) addRun(teller, page, 1, stage, host);
  finish(teller);
}
