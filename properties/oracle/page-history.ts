import type { Tables } from "./pasid-entry.ts";
import { show } from "./show.ts";
import type { PageValue, Unit, Word } from "./walk.ts";
import { sameWord, sameWords, walkTables } from "./walk.ts";

/**
 * What one page's walk through one domain's second-stage tables said since the last IOTLB
 * invalidation that covers it.
 */
export interface PageHistory extends Tables {
  readonly page: number;
  values: Map<string, PageValue>;
  current: PageValue;
  words: readonly Word[];
  leaf: boolean;
  dirtyLeaf: boolean;
  /** Some word above the leaf, or one that changed between leaf and table, has changed. */
  dirtyUpper: boolean;
  complete: boolean;
}

function readPage(unit: Unit, tables: Tables, page: number) {
  const read = walkTables(unit, tables, page, "read");
  const write = walkTables(unit, tables, page, "write");
  const { words, leaf } = read.words.length >= write.words.length ? read : write;
  return { value: { read: read.outcome, write: write.outcome }, words, leaf };
}

const keys = new WeakMap<Tables, string>();

/** The key of one domain's tables. */
export function tablesKey(tables: Tables): string {
  const known = keys.get(tables);
  if (known !== undefined) return known;
  const { did, root, levels, snoops } = tables;
  const key = `${did}:${root}:${levels}${snoops === undefined ? "" : `:${snoops}`}`;
  keys.set(tables, key);
  return key;
}

/** The key of one page of one domain's tables. */
export const pageKey = (tables: Tables, page: number): string => `${tablesKey(tables)}:${page}`;

export function newPage(unit: Unit, tables: Tables, page: number, complete: boolean): PageHistory {
  const { did, root, levels, snoops } = tables;
  const { value, words, leaf } = readPage(unit, tables, page);
  const values = new Map([[show(value), value]]);
  const sight = snoops === undefined ? {} : { snoops };
  const where = { did, root, levels, ...sight, page, values, current: value, words, leaf };
  return { ...where, dirtyLeaf: false, dirtyUpper: false, complete };
}

export function samplePage(unit: Unit, history: PageHistory): void {
  // A walk follows from the words that it reads.
  if (history.words.every(([at, value]) => unit.read64(at) === value)) return;
  const { value, words, leaf } = readPage(unit, history, history.page);
  const was = history.words;
  if (sameWords(was, words)) return;
  for (let index = 0; index < Math.max(was.length, words.length); index++) {
    if (sameWord(was[index], words[index])) continue;
    const last = index === was.length - 1 && index === words.length - 1;
    if (last && leaf && history.leaf) history.dirtyLeaf = true;
    else history.dirtyUpper = true;
    break;
  }
  history.words = words;
  history.leaf = leaf;
  history.current = value;
  history.values.set(show(value), value);
}

/** Whether a page's walk has changed since the last invalidation that covers it. */
export const isPageDirty = ({ dirtyLeaf, dirtyUpper }: PageHistory): boolean =>
  dirtyLeaf || dirtyUpper;
