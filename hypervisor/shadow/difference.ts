import { gpaOfPage, hpaOfPage, iovaOfPage } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { frameOf, hasFrame, outcomesOf, sizeName, sizeOf } from "../../tables/mapping.ts";
import type { Node, Slot } from "../../tables/page-tree-node.ts";
import { expand, frameUnit, spans } from "../../tables/page-tree-node.ts";
import type { Range } from "../../tables/range.ts";

/** A shadow's two trees, slot beside slot. */
export interface Slots {
  readonly stage: Slot;
  readonly host: Slot;
}

/** Pages whose entries changed: `count` from `page` on, alike and contiguous in every address. */
interface Run {
  readonly page: number;
  readonly count: number;
  readonly stage: number;
  readonly host: number;
}

/** A block that repeats one that was told before, `copies` times. */
interface Repeat {
  readonly page: number;
  readonly span: number;
  readonly from: number;
  readonly copies: number;
}

interface Teller {
  readonly shadow: number;
  readonly tell: (fact: Fact, page: number, count: number) => void;
  readonly told: Map<Node, Slots & { readonly page: number }>;
  /** Nodes that were looked at and are there no more. */
  readonly replaced: Set<Node>;
  /** Nothing changed outside these pages. */
  readonly first: number;
  readonly end: number;
  run: Run | undefined;
  repeat: Repeat | undefined;
}

/** The fact that says a run. */
function factOfRun(shadow: number, run: Run): Fact {
  const { page, count, stage, host } = run;
  const where = { shadow, iova: iovaOfPage(page), count };
  const { read, write } = outcomesOf(host);
  if (!hasFrame(stage)) return { type: "ShadowUnmapped", ...where, read, write };
  const gpa = gpaOfPage(frameOf(stage));
  const guestSize = sizeName(sizeOf(stage));
  if (!hasFrame(host)) return { type: "ShadowBlocked", ...where, gpa, guestSize, read, write };
  const hpa = hpaOfPage(frameOf(host));
  const size = sizeName(sizeOf(host));
  return { type: "ShadowMapped", ...where, gpa, hpa, size, guestSize, read, write };
}

function finish(teller: Teller): void {
  const { run, repeat, shadow, tell } = teller;
  teller.run = undefined;
  teller.repeat = undefined;
  if (run !== undefined) tell(factOfRun(shadow, run), run.page, run.count);
  if (repeat === undefined) return;
  const { page, span, from, copies } = repeat;
  const fact: Fact = {
    type: "ShadowShared",
    shadow,
    iova: iovaOfPage(page),
    length: BigInt(span) << 12n,
    from: iovaOfPage(from),
    copies,
  };
  tell(fact, page, span * copies);
}

const continues = (value: number, count: number, next: number): boolean =>
  next === (value >= frameUnit ? value + count * frameUnit : value);

function addRun(teller: Teller, page: number, count: number, stage: number, host: number): void {
  const { run } = teller;
  const joins =
    run !== undefined &&
    run.page + run.count === page &&
    continues(run.stage, run.count, stage) &&
    continues(run.host, run.count, host);
  if (joins) {
    teller.run = { ...run, count: run.count + count };
    return;
  }
  finish(teller);
  teller.run = { page, count, stage, host };
}

function addRepeat(teller: Teller, page: number, span: number, from: number): void {
  const { repeat } = teller;
  const joins =
    teller.run === undefined &&
    repeat !== undefined &&
    repeat.from === from &&
    repeat.span === span &&
    repeat.page + repeat.span * repeat.copies === page;
  if (joins) {
    teller.repeat = { ...repeat, copies: repeat.copies + 1 };
    return;
  }
  finish(teller);
  teller.repeat = { page, span, from, copies: 1 };
}

/** What a block that is told once and repeated elsewhere is known by. */
const keyOf = ({ stage, host }: Slots): Node | undefined =>
  typeof stage !== "number" ? stage : typeof host !== "number" ? host : undefined;

/**
 * Whether a block that became one run is told without looking at what it was: it was alike, or
 * tables that it shared with another place were looked at there.
 */
function isToldWhole(teller: Teller, before: Slots): boolean {
  const old = keyOf(before);
  if (old === undefined || teller.replaced.has(old)) return true;
  teller.replaced.add(old);
  return false;
}

function compare(teller: Teller, before: Slots, after: Slots, depth: number, page: number): void {
  if (before.stage === after.stage && before.host === after.host) return;
  const span = spans[depth] as number;
  const { stage, host } = after;
  if (typeof stage === "number" && typeof host === "number" && isToldWhole(teller, before)) {
    addRun(teller, page, span, stage, host);
    return;
  }
  const key = keyOf(after);
  const told = key === undefined ? undefined : teller.told.get(key);
  if (told !== undefined && told.host === host && told.stage === stage) {
    addRepeat(teller, page, span, told.page);
    return;
  }
  compareChildren(teller, before, after, depth, page);
  if (key !== undefined) teller.told.set(key, { stage, host, page });
}

function compareChildren(
  teller: Teller,
  before: Slots,
  after: Slots,
  depth: number,
  page: number,
): void {
  const childSpan = spans[depth - 1] as number;
  const [oldStage, oldHost] = [expand(before.stage, depth, true), expand(before.host, depth, true)];
  const [newStage, newHost] = [expand(after.stage, depth, true), expand(after.host, depth, true)];
  const { first, end } = teller;
  let index = first <= page ? 0 : Math.floor((first - page) / childSpan);
  for (; index < newStage.length && page + index * childSpan < end; index++) {
    const stage = newStage[index] as Slot;
    const host = newHost[index] as Slot;
    const was = { stage: oldStage[index] as Slot, host: oldHost[index] as Slot };
    if (was.stage === stage && was.host === host) continue;
    compare(teller, was, { stage, host }, depth - 1, page + index * childSpan);
  }
}

/** Two versions of a shadow's trees, which differ nowhere but in the pages of a range. */
export interface Versions {
  readonly id: number;
  readonly levels: number;
  readonly before: Slots;
  readonly after: Slots;
  readonly range: Range;
}

/**
 * Tells what changed between two versions of a shadow's trees: one fact for each contiguous run, in
 * the order of IOVAs, and one for all the places of a table that repeat an earlier one.
 */
export function tellDifference(
  { id: shadow, levels, before, after, range: { first, end } }: Versions,
  tell: Teller["tell"],
): void {
  const [run, repeat] = [undefined, undefined];
  const seen = { told: new Map(), replaced: new Set<Node>() };
  const teller: Teller = { shadow, tell, ...seen, first, end, run, repeat };
  compare(teller, before, after, levels * 2, 0);
  finish(teller);
}
