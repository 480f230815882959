import type { Range } from "../../events/address.ts";
import { everyPage, gpaOfPage, iovaOfPage } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { isFull, isRegistered } from "../../projections/memory/evolve-memory.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { isWeb, shadowAt } from "../../projections/shadow/shadow.ts";
import { composeChanged, composeWhole, newComposition } from "../../tables/compose.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { capacity, get } from "../../tables/page-tree.ts";
import { anyIn, forEachSlot } from "../../tables/page-tree-range.ts";
import { radixGet } from "../../tables/radix.ts";
import { drain, usesPages } from "../device/in-flight.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";
import { buildStage } from "./build.ts";
import type { Build } from "./built-table.ts";
import { newBuild } from "./built-table.ts";
import type { Slots, Versions } from "./difference.ts";
import { tellDifference } from "./difference.ts";
import type { Teller } from "./teller.ts";
import { tellPages } from "./teller.ts";
import { changedPages } from "./walk-second-stage.ts";

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

const noRanges: readonly Range[] = [];

/** The marked ranges of a shadow that lie in `[first, end)`, neighbours joined. */
export function pendingRanges(shadow: Shadow, first: number, end: number): readonly Range[] {
  if (shadow.pending.root === 0) return noRanges;
  if (end - first === 1) return get(shadow.pending, first) === 0 ? noRanges : [{ first, end }];
  const ranges: Range[] = [];
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
  const iotlb = shadowAt(guestIn(turn), shadow)?.iotlb;
  if (iotlb === undefined || !anyIn(iotlb, page, page + count)) return;
  record(turn, {
    type: "HostIotlbFlushed",
    shadow,
    iova: iovaOfPage(page),
    length: BigInt(count) << 12n,
  });
}

/** A shadow's guest stage as it was read anew. */
interface Reading {
  readonly stage: Slot;
  /** Where it may differ from what it was. */
  readonly range: Range;
  readonly isWhole: boolean;
}

/** Reads the guest's tables for some ranges of a shadow, each of them once, and registers them. */
function read(turn: Turn, shadow: Shadow, ranges: readonly Range[], limit: number): Reading {
  const guest = guestIn(turn);
  let { root: stage } = shadow.stage;
  let [low, high, isWhole] = [limit, 0, false];
  let build: Build | undefined;
  for (const { first, end } of ranges) {
    if (first >= limit) break;
    build = newBuild(guest, first, Math.min(end, limit), build);
    stage = buildStage(build, { ...shadow, stage: { ...shadow.stage, root: stage } });
    low = Math.min(low, build.low);
    high = Math.max(high, build.high);
    if (first === 0 && end >= limit) isWhole = true;
    registerTables(turn, shadow.id, build);
  }
  return { stage, range: { first: low, end: high }, isWhole };
}

/** Whether a shadow is a web by now. */
const isWebNow = (turn: Turn, id: number): boolean => {
  const shadow = shadowAt(guestIn(turn), id);
  return shadow !== undefined && isWeb(shadow);
};

/** The IOVA pages that a shadow's trees and its guest's tables can both translate. */
export const shadowLimit = (guest: Guest, { levels, stage }: Shadow): number =>
  Math.min(pageLimit(guest, levels), capacity(stage));

/** A shadow's trees as they must be: behind the P2M what was read, or in a web all of it. */
function versionsOf(turn: Turn, shadow: Shadow, ranges: readonly Range[]): Versions {
  const { id, levels } = shadow;
  const limit = shadowLimit(guestIn(turn), shadow);
  const before: Slots = { stage: shadow.stage.root, host: shadow.host.root };
  const some = isWeb(shadow) ? undefined : read(turn, shadow, ranges, limit);
  const composition = newComposition(guestIn(turn).p2m);
  if (some !== undefined && !isWebNow(turn, id)) {
    const { stage, range } = some;
    const changed = { before: before.stage, after: stage, host: before.host };
    const host = composeChanged(composition, range, changed, levels * 2, 0);
    return { id, levels, before, after: { stage, host }, range, isWeb: false };
  }
  const all = some?.isWhole === true ? some : read(turn, shadow, [everyPage], limit);
  const composed = { stage: all.stage, host: before.host };
  const host = composeWhole(composition, composed, levels * 2);
  return { id, levels, before, after: { ...composed, host }, range: everyPage, isWeb: true };
}

/**
 * Brings a shadow up to date with the guest's tables as they are, for ranges that were pending; a
 * web as a whole, whatever was pending, so that it needs no mark any more.
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
  const shadow = shadowAt(guestIn(turn), id);
  if (shadow === undefined || ranges.length === 0) return;
  const tell = (fact: Fact, page: number, count: number): void => {
    flushOutside(turn, id, covered, page, count);
    record(turn, fact);
  };
  const guest = guestIn(turn);
  const few = changedPages(guest, shadow, ranges, shadowLimit(guest, shadow));
  if (few === undefined) synchroniseTrees(turn, shadow, ranges, tell);
  else tellPages(id, few, tell);
}

/** The same by trees of all that the ranges touch, whatever their size and the tables' shape. */
export function synchroniseTrees(
  turn: Turn,
  shadow: Shadow,
  ranges: readonly Range[],
  tell: Teller["tell"],
): void {
  const versions = versionsOf(turn, shadow, ranges);
  if (versions.isWeb && shadow.pending.root !== 0) {
    record(turn, { type: "ShadowReread", shadow: shadow.id });
  }
  tellDifference(versions, tell);
}

/** Builds a shadow that was just created. */
export function synchroniseAll(turn: Turn, id: number): void {
  synchronise(turn, id, [everyPage], everyPage);
}
