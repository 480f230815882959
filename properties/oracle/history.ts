import type { Context, PageValue, Unit, Word } from "./walk.ts";
import { readContext, walkTables } from "./walk.ts";

/**
 * What a source-id's context path said since the last context-cache invalidation that covers it.
 */
export interface ContextHistory {
  values: Map<string, Context>;
  current: Context;
  words: readonly Word[];
  /** The domain-id that the cached entry carries; `undefined` when nothing is cached. */
  tag: number | undefined;
  dirty: boolean;
  /** Whether it has been watched ever since that invalidation. */
  complete: boolean;
}

/**
 * What one page's walk through one domain's tables said since the last IOTLB invalidation that
 * covers it.
 */
export interface PageHistory {
  readonly did: number;
  readonly root: bigint;
  readonly levels: number;
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

/**
 * All that is watched of one vIOMMU. `replaced`: the root pointer was, and no global invalidation
 * followed yet.
 */
export interface Histories {
  readonly contexts: Map<number, ContextHistory>;
  readonly pages: Map<string, PageHistory>;
  /** Pages that keys ask about. */
  readonly tracked: Set<number>;
  readonly replaced: { context: boolean; iotlb: boolean };
}

export const newHistories = (): Histories => ({
  contexts: new Map(),
  pages: new Map(),
  tracked: new Set(),
  replaced: { context: false, iotlb: false },
});

/** One text for equal values. */
export const show = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}n` : each));

/** CAP.CM: faulting and missing entries are cached too, under domain-id 0. */
const cachingMode = (unit: Unit): boolean => ((unit.cap >> 7n) & 1n) === 1n;

function tagOf(unit: Unit, context: Context): number | undefined {
  if (context.kind !== "fault") return context.did;
  return cachingMode(unit) ? 0 : undefined;
}

/** Starts a source-id's history from what its entries say now. */
export function restartContext(unit: Unit, history: ContextHistory): void {
  history.values = new Map([[show(history.current), history.current]]);
  history.tag = tagOf(unit, history.current);
  history.dirty = false;
  history.complete = true;
}

export function watchSource(unit: Unit, all: Histories, sid: number, complete: boolean): void {
  if (all.contexts.has(sid)) return;
  const { context: current, words } = readContext(unit, sid);
  const history = { values: new Map(), current, words, tag: undefined, dirty: false, complete };
  restartContext(unit, history);
  history.complete = complete;
  all.contexts.set(sid, history);
}

/** Whether two walks read the same words in the same places. */
function sameWords(was: readonly Word[], now: readonly Word[]): boolean {
  return was.length === now.length && was.every((word, at) => sameWord(word, now[at]));
}

const sameWord = (a: Word | undefined, b: Word | undefined): boolean =>
  a?.[0] === b?.[0] && a?.[1] === b?.[1];

function sampleContext(unit: Unit, history: ContextHistory, sid: number): void {
  const { context, words } = readContext(unit, sid);
  if (sameWords(history.words, words)) return;
  history.words = words;
  history.current = context;
  if (history.tag === undefined) {
    restartContext(unit, history);
    return;
  }
  history.dirty = true;
  history.values.set(show(context), context);
}

function readPage(unit: Unit, tables: { root: bigint; levels: number }, page: number) {
  const read = walkTables(unit, tables, page, "read");
  const write = walkTables(unit, tables, page, "write");
  const { words, leaf } = read.words.length >= write.words.length ? read : write;
  return { value: { read: read.outcome, write: write.outcome }, words, leaf };
}

/** The key of one page of one domain's tables. */
export const pageKey = (
  tables: { readonly did: number; readonly root: bigint; readonly levels: number },
  page: number,
): string => `${tables.did}:${tables.root}:${tables.levels}:${page}`;

/**
 * Begins a history for each tracked page of all tables that any source-id's context names or named.
 */
export function watchPages(unit: Unit, all: Histories, complete: boolean): void {
  for (const { values } of all.contexts.values()) {
    for (const context of values.values()) {
      if (context.kind !== "tables") continue;
      const { did, root, levels } = context;
      for (const page of all.tracked) {
        const key = pageKey(context, page);
        if (all.pages.has(key)) continue;
        const { value, words, leaf } = readPage(unit, context, page);
        const values = new Map([[show(value), value]]);
        const where = { did, root, levels, page, values, current: value, words, leaf };
        all.pages.set(key, { ...where, dirtyLeaf: false, dirtyUpper: false, complete });
      }
    }
  }
}

function samplePage(unit: Unit, history: PageHistory): void {
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

/** Reads everything that is watched again, and remembers what has changed. */
export function sample(unit: Unit, all: Histories): void {
  for (const [sid, history] of all.contexts) sampleContext(unit, history, sid);
  watchPages(unit, all, true);
  for (const history of all.pages.values()) samplePage(unit, history);
}

/** Starts everything anew: nothing is cached. */
export function restart(unit: Unit, all: Histories): void {
  const sids = [...all.contexts.keys()];
  all.contexts.clear();
  all.pages.clear();
  all.replaced.context = false;
  all.replaced.iotlb = false;
  for (const sid of sids) watchSource(unit, all, sid, true);
  watchPages(unit, all, true);
}

/** Whether some watched walk read a word within the lines of 64 bytes that hold `length` bytes. */
export function reads(all: Histories, gpa: bigint, length: bigint): boolean {
  const [first, end] = [gpa & ~63n, gpa + length + 63n];
  const within = ([at]: Word): boolean => at >= first && at < end;
  const walks = [...all.contexts.values(), ...all.pages.values()];
  return walks.some((walk) => walk.words.some(within));
}
