import type { Range } from "../../events/address.ts";
import { interruptPages, isInterruptPage, pageIn } from "../../events/address.ts";
import { halfMasks, halvesOfField, maskHalves } from "../../events/layout/field-halves.ts";
import { SecondStageEntry, secondStageReserved } from "../../events/shadow/second-stage-entry.ts";
import type { Guest } from "../../projections/guest.ts";
import { isRegistered } from "../../projections/memory/evolve-memory.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { isWeb } from "../../projections/shadow/shadow.ts";
import type { Mapping } from "../../tables/mapping.ts";
import {
  behindP2m,
  frameOf,
  hasFrame,
  interruptRange,
  mapped,
  ok,
  pagesOfSize,
  permission,
  reserved,
  rootUnreadable,
  unmapped,
  unreadable,
} from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import { radixGet } from "../../tables/radix.ts";
import type { EntryHalves } from "../memory/guest-memory.ts";
import { entryAddress, perProfile, readEntry, wordOf } from "../memory/guest-memory.ts";
import type { WalkedPage } from "./teller.ts";

/** An entry of the walk as it was read, and the accesses that nothing above it blocked. */
export interface WalkStep {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly level: number;
  /** GPA of the entry in bytes, and its 64 bits; `undefined` when the table cannot be read. */
  readonly address: bigint;
  readonly entry: bigint | undefined;
}

/** Reserved bits by level and PS: index 2 * level + (PS ? 1 : 0), two halves each. */
export const reservedHalves = perProfile((profile) => {
  const halves = new Int32Array(24);
  for (let level = 1; level <= 5; level++) {
    for (const large of [0, 1]) {
      const mask = secondStageReserved(profile, level, large === 1);
      halves.set(maskHalves(mask, 64), (level * 2 + large) * 2);
    }
  }
  return halves;
});

const { r, w, ps } = halfMasks(SecondStageEntry);
const { above } = halvesOfField(SecondStageEntry.fields.address);

/** The size code of a leaf's mapping; around the interrupt range it counts as smaller ones. */
export function leafSize(gfn: number, level: number): number {
  if (level === 1 || (gfn >= interruptPages.first && gfn < 0xff000)) return 0;
  return level === 3 && (gfn < 0xc0000 || gfn >= 0x100000) ? 2 : 1;
}

/** Accesses that nothing blocked so far meet `outcome`. */
const blockedBy = (read: number, write: number, outcome: number): number =>
  unmapped(read === ok ? outcome : read, write === ok ? outcome : write);

/**
 * Walks the guest's second-stage tables for both accesses, uncached, through the P2M.
 *
 * Order of checks at each level: the table can be read (3h at the top, 7h below), the permission
 * (6h, 5h), reserved bits (Ch); at the end the interrupt range (Eh).
 *
 * @param root   guest page of the top table.
 * @param page   IOVA page number, within the tables' width.
 * @param step   told of each entry read.
 * @param path   takes the guest pages of the tables that are read, from the top down.
 * @returns the guest page and an outcome for each access (`tables/mapping.ts`).
 */
export function walkTables(
  guest: Guest,
  root: number,
  levels: number,
  page: number,
  step?: (step: WalkStep) => void,
  path?: number[],
): Mapping {
  const masks = reservedHalves(guest.profile);
  const entry: EntryHalves = { low: 0, high: 0 };
  let table = root;
  let read = ok;
  let write = ok;
  const upper = Math.floor(page * 2 ** -18);
  const lower = page - upper * 2 ** 18;
  for (let level = levels; level > 0; level--) {
    const index = indexAt(upper, lower, level);
    path?.push(table);
    const isRead = readEntry(guest, table, index, entry);
    step?.({
      level,
      address: entryAddress(table, index),
      entry: isRead ? wordOf(entry) : undefined,
      reads: read === ok,
      writes: write === ok,
    });
    if (!isRead) {
      return blockedBy(read, write, level === levels ? rootUnreadable : unreadable);
    }
    const { low, high } = entry;
    if (read === ok && (low & r) === 0) read = permission;
    if (write === ok && (low & w) === 0) write = permission;
    if (read !== ok && write !== ok) return unmapped(read, write);
    const large = (low & ps) === 0 ? 0 : 1;
    const mask = (level * 2 + large) * 2;
    if ((low & (masks[mask] as number)) !== 0 || (high & (masks[mask + 1] as number)) !== 0) {
      return blockedBy(read, write, reserved);
    }
    table = pageIn(low, high, above);
    if (level > 1 && large === 0) continue;
    const gfn = level === 1 ? table : table + (level === 2 ? lower & 511 : lower);
    if (isInterruptPage(gfn)) return blockedBy(read, write, interruptRange);
    return mapped(gfn, read, write, leafSize(gfn, level));
  }
  return blockedBy(read, write, unreadable);
}

/**
 * The index into a table of some level, in whole numbers of 32 bits: `lower` has the 18 bits of the
 * page number for levels 1 and 2, `upper` those for the others. `levels` of them at most are set.
 */
export const indexAt = (upper: number, lower: number, level: number): number =>
  level > 2 ? (upper >> (level * 9 - 27)) & 511 : (lower >> (level * 9 - 9)) & 511;

/** Pages that are walked to one by one; of more the trees are read. */
const fewPages = 8;

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
