import { hex } from "../events/address.ts";
import { frameOf, hasFrame, outcomesOf, sizeName, sizeOf } from "../tables/mapping.ts";
import type { PageTree } from "../tables/page-tree.ts";
import { capacity } from "../tables/page-tree.ts";
import type { Visit } from "../tables/page-tree-range.ts";
import { forEachRun } from "../tables/page-tree-range.ts";

/** One cell of a table, or one value by itself. */
export type Value = string | number | boolean;
/** One row of a table, by column. */
export type Row = Readonly<Record<string, Value>>;
/** The rows of a table, by name. */
export type Rows = Readonly<Record<string, Row>>;

/** Runs of one tree that are listed; a guest's tables can describe any number. */
export const maxRuns = 20_000;

class EnoughRuns extends Error {}

/** Visits the runs of a tree, at most `maxRuns`. */
export function visitRuns(tree: PageTree, first: number, end: number, visit: Visit): void {
  let seen = 0;
  try {
    forEachRun(tree, first, end, (page, count, value) => {
      seen += 1;
      if (seen > maxRuns) throw new EnoughRuns();
      visit(page, count, value);
    });
  } catch (error) {
    if (!(error instanceof EnoughRuns)) throw error;
  }
}

/** The address of a page. */
export const addressOf = (page: number): string => hex(BigInt(page) << 12n);
/** Behind the last page of a tree. */
export const last = (tree: PageTree): number => capacity(tree);

/** The outcomes of a read and a write. */
export function accessText(mapping: number): Row {
  const { read, write } = outcomesOf(mapping);
  return { read, write };
}

/** The runs of a tree of frames, `name` being what the frames are. */
export function mappings(tree: PageTree, name: "gpa" | "hpa", prefix: string): Rows {
  const rows: Record<string, Row> = {};
  visitRuns(tree, 0, last(tree), (page, pages, value) => {
    const frame: Row = hasFrame(value)
      ? { [name]: addressOf(frameOf(value)), size: sizeName(sizeOf(value)) }
      : {};
    rows[`${prefix}${addressOf(page)}`] = { pages, ...frame, ...accessText(value) };
  });
  return rows;
}

/** Items as rows. */
export function keyed<T>(
  items: readonly T[],
  key: (item: T) => string,
  row: (item: T) => Row,
): Rows {
  return Object.fromEntries(items.map((item) => [key(item), row(item)]));
}

/** The rows of several parts as one table's. */
export const merged = (parts: readonly Rows[]): Rows => Object.assign({}, ...parts) as Rows;
