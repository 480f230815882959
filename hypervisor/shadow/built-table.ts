import type { Guest } from "../../projections/guest.ts";
import type { Slot } from "../../tables/page-tree-node.ts";

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
interface Built {
  readonly slot: Slot;
  /**
   * Tables below, with bases from the table's own, or `undefined` when too many to list again and
   * again.
   */
  readonly tables: readonly ReadTable[] | undefined;
  /** The pages of all tables below. */
  readonly pages: readonly number[];
}

/**
 * Reads the guest's second-stage tables into a guest-stage tree, each table once for each set of
 * permissions.
 */
export interface Build {
  readonly guest: Guest;
  readonly tables: ReadTable[];
  /** Pages of tables that were found in more places than are listed. */
  readonly shared: Set<number>;
  readonly memo: Map<number, Built>;
  /** What of the tree is wanted. */
  readonly first: number;
  readonly end: number;
  /** All that was touched: what is wanted, and the leaves that reach beyond it. */
  low: number;
  high: number;
}

export const listLimit = 64;

/** The same table for the pages that lie `count` further. */
export const movedBy = (
  { gfn, level, base, read, write }: ReadTable,
  count: number,
): ReadTable => ({
  gfn,
  level,
  base: base + count,
  read,
  write,
});

export function reuse(build: Build, known: Built, at: number): void {
  if (known.tables === undefined || build.tables.length > listLimit * 1024) {
    for (const page of known.pages) build.shared.add(page);
    return;
  }
  for (const one of known.tables) {
    if (!build.shared.has(one.gfn)) build.tables.push(movedBy(one, at));
  }
}

export const newBuild = (guest: Guest, first: number, end: number): Build => ({
  guest,
  tables: [],
  shared: new Set(),
  memo: new Map(),
  first,
  end,
  low: first,
  high: end,
});
