import type { Guest } from "../../projections/guest.ts";
import type { Slot } from "../../tables/page-tree.ts";

/** A table that the build reads: what a later write to it would concern. */
export interface ReadTable {
  readonly gfn: number;
  readonly level: number;
  /** The first page that it translates. */
  readonly base: number;
  /** What the entries above it leave of both accesses (`tables/mapping.ts`). */
  readonly read: number;
  readonly write: number;
}

/** What a whole table came to, for the next place that links it with the same permissions. */
export interface Built {
  readonly gfn: number;
  readonly slot: Slot;
  /**
   * It and the tables below, with bases from its own, or `undefined` when too many to list again
   * and again.
   */
  readonly tables: readonly ReadTable[] | undefined;
  /** What its entries link, as often as they do. */
  readonly below: readonly Built[];
  /** Whether its page, and those of all tables below, are among the shared ones. */
  isShared: boolean;
}

/**
 * Reads the guest's second-stage tables into a guest-stage tree, each table once for each set of
 * permissions: three at most, since where both accesses are blocked nothing is read. So a build
 * reads no entry more than three times a level, in however many places it lies.
 */
export interface Build {
  readonly guest: Guest;
  readonly tables: ReadTable[];
  /** Pages of tables that were found in more places than are listed. */
  readonly shared: Set<number>;
  readonly memo: Map<number, Built>;
  /** Tables that were listed in a further place, over all ranges that share the memo. */
  readonly relisted: { count: number };
  /** What the table that is being read links. */
  below: Built[];
  /** What of the tree is wanted. */
  readonly first: number;
  readonly end: number;
  /** All that was touched: what is wanted, and the leaves that reach beyond it. */
  low: number;
  high: number;
}

const listLimit = 64;

/** The same table for the pages that lie `count` further. */
const movedBy = ({ gfn, level, base, read, write }: ReadTable, count: number): ReadTable => ({
  gfn,
  level,
  base: base + count,
  read,
  write,
});

/** Remembers a table that was built: `from` is where the list of it and those below begins. */
export function keepBuilt(
  build: Build,
  key: number,
  { gfn, base }: ReadTable,
  from: number,
  slot: Slot,
): Built {
  const { tables: all, below } = build;
  const isLong = all.length - from > listLimit;
  const tables = isLong ? undefined : all.slice(from).map((one) => movedBy(one, -base));
  const built = { gfn, slot, tables, below, isShared: false };
  build.memo.set(key, built);
  return built;
}

/** Counts the pages of a table and of all below it among the shared ones, each once. */
function share(build: Build, built: Built): void {
  if (built.isShared) return;
  built.isShared = true;
  build.shared.add(built.gfn);
  for (const one of built.below) share(build, one);
}

/** Lists the tables of one that was built before for a further place, or shares their pages. */
export function reuse(build: Build, known: Built, at: number): void {
  if (known.isShared) return;
  if (known.tables === undefined || build.relisted.count > listLimit ** 2) {
    share(build, known);
    return;
  }
  build.relisted.count += known.tables.length;
  for (const one of known.tables) {
    if (!build.shared.has(one.gfn)) build.tables.push(movedBy(one, at));
  }
}

/**
 * A build of the pages `[first, end)`, which takes over what an earlier one of the same guest read.
 */
export const newBuild = (guest: Guest, first: number, end: number, earlier?: Build): Build => ({
  guest,
  tables: [],
  shared: earlier?.shared ?? new Set(),
  memo: earlier?.memo ?? new Map(),
  relisted: earlier?.relisted ?? { count: 0 },
  below: [],
  first,
  end,
  low: first,
  high: end,
});
