import type { Range } from "../events/address.ts";
import { hpaOfPage } from "../events/address.ts";
import { frameOf, hasFrame, ok, readCode, writeCode } from "../tables/mapping.ts";
import type { PageTree } from "../tables/page-tree.ts";
import { forEachSlot } from "../tables/page-tree-range.ts";
import type { Call } from "./call.ts";

/** Pages that reach host frames, contiguous in both, with the same rights. */
export interface Run {
  readonly page: number;
  readonly count: number;
  readonly frame: number;
  /** Reads are allowed; writes are. At least one. */
  readonly read: boolean;
  readonly write: boolean;
}

const sameRights = (a: Run, b: Run): boolean => a.read === b.read && a.write === b.write;

/** Adds a run to those before it, joined with the last where it goes on from there. */
function addRun(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const joins =
    last !== undefined &&
    last.page + last.count === run.page &&
    last.frame + last.count === run.frame &&
    sameRights(last, run);
  if (joins) runs[runs.length - 1] = { ...last, count: last.count + run.count };
  else runs.push(run);
}

/** Adds pages to those before them, joined with the last range where they meet. */
function addRange(ranges: Range[], first: number, end: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.end === first) {
    ranges[ranges.length - 1] = { first: last.first, end };
  } else ranges.push({ first, end });
}

/** The run of one page that a tree says a number of, if devices reach anything by it. */
function runOfPage(page: number, value: number): Run | undefined {
  if (!hasFrame(value)) return undefined;
  const [read, write] = [readCode(value) === ok, writeCode(value) === ok];
  return read || write ? { page, count: 1, frame: frameOf(value), read, write } : undefined;
}

/** Adds what differs between two numbers of trees for one page. */
export function addPageDifference(
  difference: Difference,
  page: number,
  before: number,
  after: number,
): void {
  if (before === after) return;
  const [was, is] = [runOfPage(page, before), runOfPage(page, after)];
  if (was !== undefined && is !== undefined) compareHeads(difference, was, is, 1);
  else if (was !== undefined) addRange(difference.removed, page, page + 1);
  else if (is !== undefined) addRun(difference.added, is);
}

/** The part of a run from its page number `skip` on, of `count` pages. */
const part = (run: Run, skip: number, count: number): Run => ({
  ...run,
  page: run.page + skip,
  frame: run.frame + skip,
  count,
});

/** What a tree of host frames lets devices reach, in maximal runs, of the pages of a range. */
export function runsIn(tree: PageTree, { first, end }: Range): Run[] {
  const runs: Run[] = [];
  forEachSlot(tree, first, end, (page, count, value) => {
    if (!hasFrame(value)) return;
    const [read, write] = [readCode(value) === ok, writeCode(value) === ok];
    if (read || write) addRun(runs, { page, count, frame: frameOf(value), read, write });
  });
  return runs;
}

/** Runs without the pages of a range. */
export function runsWithout(runs: readonly Run[], { first, end }: Range): Run[] {
  return runs.flatMap((run) => {
    const after = run.page + run.count;
    if (after <= first || run.page >= end) return [run];
    const left = run.page < first ? [part(run, 0, first - run.page)] : [];
    return after > end ? [...left, part(run, end - run.page, after - end)] : left;
  });
}

/** What takes one list of runs to another: pages to unmap, then runs to map. */
export interface Difference {
  readonly removed: Range[];
  readonly added: Run[];
}

/** Pages of two runs that begin at one page: `count` of them. What is the same stays. */
function compareHeads(difference: Difference, was: Run, is: Run, count: number): void {
  if (was.frame === is.frame && sameRights(was, is)) return;
  addRange(difference.removed, was.page, was.page + count);
  addRun(difference.added, part(is, 0, count));
}

/** The first page after `start` at which one of two runs begins or ends. */
function nextEdge(start: number, was: Run | undefined, is: Run | undefined): number {
  const edgeOf = (run: Run | undefined): number => {
    if (run === undefined) return Number.POSITIVE_INFINITY;
    return run.page > start ? run.page : run.page + run.count;
  };
  return Math.min(edgeOf(was), edgeOf(is));
}

const noPage = Number.POSITIVE_INFINITY;

/** Adds what differs between two lists of runs, both in the order of pages. */
export function addDifference(
  difference: Difference,
  before: readonly Run[],
  after: readonly Run[],
): void {
  let [left, right] = [0, 0];
  let [was, is] = [before[0], after[0]];
  while (was !== undefined || is !== undefined) {
    const start = Math.min(was?.page ?? noPage, is?.page ?? noPage);
    const end = nextEdge(start, was, is);
    const count = end - start;
    const [old, next] = [
      was?.page === start ? was : undefined,
      is?.page === start ? is : undefined,
    ];
    if (old !== undefined && next !== undefined) compareHeads(difference, old, next, count);
    else if (old !== undefined) addRange(difference.removed, start, end);
    else if (next !== undefined) addRun(difference.added, part(next, 0, count));
    if (old !== undefined) {
      was = old.count > count ? part(old, count, old.count - count) : before[++left];
    }
    if (next !== undefined) {
      is = next.count > count ? part(next, count, next.count - count) : after[++right];
    }
  }
}

const bytesOf = (pages: number): bigint => BigInt(pages) << 12n;

/** The calls that unmap ranges of a space. */
export const unmapCalls = (space: number, ranges: readonly Range[]): readonly Call[] =>
  ranges.map(({ first, end }) => ({
    call: "unmap",
    space,
    input: bytesOf(first),
    length: bytesOf(end - first),
  }));

/** The calls that map runs into a space. */
export const mapCalls = (space: number, runs: readonly Run[]): readonly Call[] =>
  runs.map(({ page, count, frame, read, write }) => ({
    call: "map",
    space,
    input: bytesOf(page),
    length: bytesOf(count),
    host: hpaOfPage(frame),
    read,
    write,
  }));
