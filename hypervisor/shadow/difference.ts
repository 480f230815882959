import type { Iova, Range } from "../../events/address.ts";
import { iovaOfPage } from "../../events/address.ts";
import type { Node, Slot } from "../../tables/page-tree.ts";
import { expand, spans } from "../../tables/page-tree.ts";
import type { Teller } from "./teller.ts";
import { addRepeat, addRun, finish } from "./teller.ts";

/** A shadow's two trees, slot beside slot. */
export interface Slots {
  readonly stage: Slot;
  readonly host: Slot;
}

/** A block that was told, or did not change, and where. */
interface Told extends Slots {
  readonly iova: Iova;
}

/** Looks for what differs, each node once wherever it lies, and tells it. */
interface Comparison extends Teller {
  readonly told: Map<Node, Told>;
  /** Nodes that were looked at and are there no more. */
  readonly replaced: Set<Node>;
  /** Nothing changed outside these pages. */
  readonly first: number;
  readonly end: number;
  /** Whether what did not change is met too, for what repeats it elsewhere. */
  readonly isWeb: boolean;
}

/** What a block that is told once and repeated elsewhere is known by. */
const keyOf = ({ stage, host }: Slots): Node | undefined =>
  typeof stage !== "number" ? stage : typeof host !== "number" ? host : undefined;

/**
 * Whether a block that became one run is told without looking at what it was: it was alike, or
 * tables that it shared with another place were looked at there.
 */
function isToldWhole(comparison: Comparison, before: Slots): boolean {
  const old = keyOf(before);
  if (old === undefined || comparison.replaced.has(old)) return true;
  comparison.replaced.add(old);
  return false;
}

/** Where a block was told before, or did not change. */
function toldBefore({ told }: Comparison, { stage, host }: Slots): Iova | undefined {
  const key = keyOf({ stage, host });
  const known = key === undefined ? undefined : told.get(key);
  return known !== undefined && known.host === host && known.stage === stage
    ? known.iova
    : undefined;
}

function keepTold({ told }: Comparison, { stage, host }: Slots, page: number): void {
  const key = keyOf({ stage, host });
  if (key !== undefined) told.set(key, { stage, host, iova: iovaOfPage(page) });
}

/** Of a web: meets a block that did not change, so that what repeats it elsewhere shares it. */
function meet(comparison: Comparison, slots: Slots, depth: number, page: number): void {
  if (keyOf(slots) === undefined || toldBefore(comparison, slots) !== undefined) return;
  const [stages, hosts] = [expand(slots.stage, depth, true), expand(slots.host, depth, true)];
  const span = spans[depth - 1] as number;
  for (const [index, stage] of stages.entries()) {
    if (typeof stage === "number" && typeof hosts[index] === "number") continue;
    meet(comparison, { stage, host: hosts[index] as Slot }, depth - 1, page + index * span);
  }
  keepTold(comparison, slots, page);
}

function compare(
  comparison: Comparison,
  before: Slots,
  after: Slots,
  depth: number,
  page: number,
): void {
  if (before.stage === after.stage && before.host === after.host) {
    if (comparison.isWeb) meet(comparison, after, depth, page);
    return;
  }
  const span = spans[depth] as number;
  const { stage, host } = after;
  if (typeof stage === "number" && typeof host === "number" && isToldWhole(comparison, before)) {
    addRun(comparison, page, span, stage, host);
    return;
  }
  const from = toldBefore(comparison, after);
  if (from !== undefined) {
    addRepeat(comparison, page, span, from);
    return;
  }
  compareChildren(comparison, before, after, depth, page);
  keepTold(comparison, after, page);
}

function compareChildren(
  comparison: Comparison,
  before: Slots,
  after: Slots,
  depth: number,
  page: number,
): void {
  const childSpan = spans[depth - 1] as number;
  const [oldStage, oldHost] = [expand(before.stage, depth, true), expand(before.host, depth, true)];
  const [newStage, newHost] = [expand(after.stage, depth, true), expand(after.host, depth, true)];
  const { first, end } = comparison;
  let index = first <= page ? 0 : Math.floor((first - page) / childSpan);
  for (; index < newStage.length && page + index * childSpan < end; index++) {
    const stage = newStage[index] as Slot;
    const host = newHost[index] as Slot;
    const was = { stage: oldStage[index] as Slot, host: oldHost[index] as Slot };
    if (!comparison.isWeb && was.stage === stage && was.host === host) continue;
    compare(comparison, was, { stage, host }, depth - 1, page + index * childSpan);
  }
}

/** Two versions of a shadow's trees, which differ nowhere but in the pages of a range. */
export interface Versions {
  readonly id: number;
  readonly levels: number;
  readonly before: Slots;
  readonly after: Slots;
  readonly range: Range;
  /** Whether the shadow is a web. */
  readonly isWeb: boolean;
}

/**
 * Tells what changed between two versions of a shadow's trees: one fact for each contiguous run, in
 * the order of IOVAs, and one for all the blocks side by side that repeat earlier ones. In a web a
 * node that lies in many places is looked at once, and so is each slot of it.
 */
export function tellDifference(
  { id: shadow, levels, before, after, range: { first, end }, isWeb }: Versions,
  tell: Comparison["tell"],
): void {
  const [run, repeats] = [undefined, undefined];
  const seen = { told: new Map(), replaced: new Set<Node>() };
  const comparison: Comparison = { shadow, tell, ...seen, first, end, isWeb, run, repeats };
  compare(comparison, before, after, levels * 2, 0);
  finish(comparison);
}
