import { gpaOfPage, iovaOfPage } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { isFull, isRegistered } from "../../projections/memory/table-use.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { composeChanged, newComposition } from "../../tables/compose.ts";
import { capacity } from "../../tables/page-tree.ts";
import { anyIn, forEachSlot } from "../../tables/page-tree-range.ts";
import { radixGet } from "../../tables/radix.ts";
import type { Range } from "../../tables/range.ts";
import { everyPage } from "../../tables/range.ts";
import { drain, usesPages } from "../device/in-flight.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";
import { buildStage } from "./build.ts";
import type { Build } from "./built-table.ts";
import { newBuild } from "./built-table.ts";
import { tellDifference } from "./difference.ts";

/**
 * The IOVA pages that a shadow's tables can translate: the narrower of MGAW and the tables' own
 * width.
 */
export const pageLimit = (guest: Guest, levels: number): number =>
  pagesOfWidth[Math.min(guest.profile.mgaw, 12 + 9 * levels)] as number;

/** Pages of 4 KiB in an address space of each width in bits. */
const pagesOfWidth: readonly number[] = Array.from({ length: 65 }, (_, bits) => 2 ** (bits - 12));

/** Records which tables the walk reads, so that later writes to them are noticed. */
function registerTables(turn: Turn, shadow: number, build: Build): void {
  for (const { gfn, level, base } of build.tables) {
    const use = radixGet(guestIn(turn).tables, gfn);
    if (isRegistered(use, { shadow, level, base })) continue;
    const table = gpaOfPage(gfn);
    if (build.shared.has(gfn) || isFull(use, shadow)) {
      record(turn, { type: "TableShared", shadow, table, level });
    } else {
      record(turn, { type: "TableShadowed", shadow, table, level, iova: iovaOfPage(base) });
    }
  }
}

/** The marked ranges of a shadow that lie in `[first, end)`, neighbours joined. */
export function pendingRanges(shadow: Shadow, first: number, end: number): readonly Range[] {
  const ranges: Range[] = [];
  if (shadow.pending.root === 0) return ranges;
  forEachSlot(shadow.pending, first, end, (page, count) => {
    const last = ranges.at(-1);
    if (last !== undefined && last.end === page) {
      ranges[ranges.length - 1] = { first: last.first, end: page + count };
    } else {
      ranges.push({ first: page, end: page + count });
    }
  });
  return ranges;
}

/**
 * Removes from the host's IOTLB what may be there of pages that changed outside what the guest
 * invalidated.
 */
function flushOutside(turn: Turn, shadow: number, covered: Range, page: number, count: number) {
  if (page >= covered.first && page + count <= covered.end) return;
  flushHost(turn, shadow, page, count);
}

/**
 * Lands what is in flight for a range and removes it from the host's IOTLB, if anything is there.
 */
export function flushHost(turn: Turn, shadow: number, page: number, count: number): void {
  drain(turn, usesPages(shadow, page, page + count));
  const iotlb = guestIn(turn).shadows[shadow]?.iotlb;
  if (iotlb === undefined || !anyIn(iotlb, page, page + count)) return;
  record(turn, {
    type: "HostIotlbFlushed",
    shadow,
    iova: iovaOfPage(page),
    length: BigInt(count) << 12n,
  });
}

/**
 * Brings a shadow up to date with the guest's tables as they are, for ranges that were pending.
 *
 * @param covered  what the guest's invalidation covers: the host's IOTLB holds nothing of it any
 *   more.
 */
export function synchronise(
  turn: Turn,
  id: number,
  ranges: readonly Range[],
  covered: Range,
): void {
  const guest = guestIn(turn);
  const shadow = guest.shadows[id];
  if (shadow === undefined || ranges.length === 0) return;
  const limit = Math.min(pageLimit(guest, shadow.levels), capacity(shadow.stage));
  let built = shadow;
  let [low, high] = [limit, 0];
  for (const { first, end } of ranges) {
    if (first >= limit) break;
    const build = newBuild(guest, first, Math.min(end, limit));
    const root = buildStage(build, built);
    built = { ...built, stage: { ...built.stage, root } };
    low = Math.min(low, build.low);
    high = Math.max(high, build.high);
    registerTables(turn, id, build);
  }
  const depth = shadow.levels * 2;
  const before = { stage: shadow.stage.root, host: shadow.host.root };
  const stage = built.stage.root;
  const composition = newComposition(guest.p2m);
  const range = { first: low, end: high };
  const changed = { before: before.stage, after: stage, host: before.host };
  const host = composeChanged(composition, range, changed, depth, 0);
  const tell = (fact: Fact, page: number, count: number): void => {
    flushOutside(turn, id, covered, page, count);
    record(turn, fact);
  };
  const { levels } = shadow;
  tellDifference({ id, levels, before, after: { stage, host }, range }, tell);
}

/** Builds a shadow that was just created. */
export function synchroniseAll(turn: Turn, id: number): void {
  synchronise(turn, id, [everyPage], everyPage);
}
