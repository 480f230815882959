import type { ContextHistory } from "./context-history.ts";
import { newContext, sampleContext } from "./context-history.ts";
import type { FirstHistory, Second } from "./first-history.ts";
import { newFirst, sampleFirst, spaceKey } from "./first-history.ts";
import type { PageHistory } from "./page-history.ts";
import { newPage, pageKey, samplePage, tablesKey } from "./page-history.ts";
import type { Space, Tables } from "./pasid-entry.ts";
import type { PasidHistory } from "./pasid-history.ts";
import { newPasid, pasidValues, samplePasid } from "./pasid-history.ts";
import { nowOf } from "./stale.ts";
import { gpaOf } from "./view.ts";
import type { Unit, Word } from "./walk.ts";

/**
 * All that is watched of one vIOMMU. `replaced`: the root pointer was, and no global invalidation
 * followed yet.
 */
export interface Histories {
  readonly contexts: Map<number, ContextHistory>;
  /** By source-id and the PASID that requests use. */
  readonly pasids: Map<string, PasidHistory>;
  readonly pages: Map<string, PageHistory>;
  readonly firsts: Map<string, FirstHistory>;
  /** Pages that keys ask about, and PASIDs by source-id. */
  readonly tracked: Set<number>;
  readonly asked: Map<number, Set<number>>;
  /** Pages where first-stage tables and their results may lie, under nesting. */
  readonly nearby: readonly number[];
  /** Second-stage tables that some entry has named, and those that none had before. */
  readonly named: Set<string>;
  readonly fresh: Set<string>;
  readonly replaced: { context: boolean; pasid: boolean; iotlb: boolean };
  /** Whether somebody tells which first stages are stale. */
  readonly keeps: boolean;
  /** What an invalidation changed. */
  readonly touched: Set<Watched>;
  /** How many tracked pages are watched already, of tables and of spaces. */
  readonly done: Map<string, number>;
}

/** Anything that is watched by the words that it read. */
export type Watched = ContextHistory | PasidHistory | PageHistory | FirstHistory;

export const newHistories = (nearby: readonly number[] = [], keeps = false): Histories => ({
  contexts: new Map(),
  pasids: new Map(),
  pages: new Map(),
  firsts: new Map(),
  tracked: new Set(),
  asked: new Map(),
  nearby,
  named: new Set(),
  fresh: new Set(),
  replaced: { context: false, pasid: false, iotlb: false },
  keeps,
  touched: new Set(),
  done: new Map(),
});

export function watchSource(unit: Unit, all: Histories, sid: number, complete: boolean): void {
  if (!all.contexts.has(sid)) all.contexts.set(sid, newContext(unit, sid, complete));
}

export const pasidKey = (sid: number, pasid: number): string => `${sid}:${pasid}`;

/** Begins a history for each PASID that requests of a source-id use, or may use. */
function watchPasids(unit: Unit, all: Histories, complete: boolean): void {
  for (const [sid, context] of all.contexts) {
    const used = new Set(all.asked.get(sid));
    for (const entry of [...context.values.values(), context.current]) {
      if (entry.kind === "directory") used.add(entry.ridPasid);
    }
    for (const pasid of used) {
      const key = pasidKey(sid, pasid);
      if (all.pasids.has(key)) continue;
      const history = newPasid(sid, pasid, complete);
      samplePasid(unit, history, context);
      all.pasids.set(key, history);
    }
  }
}

/** One page of second-stage tables, watched from now on if it was not before. */
function watchPage(
  unit: Unit,
  all: Histories,
  tables: Tables,
  page: number,
  complete: boolean,
): PageHistory {
  const key = pageKey(tables, page);
  const found = all.pages.get(key) ?? newPage(unit, tables, page, complete);
  all.pages.set(key, found);
  return found;
}

/** What the second stage of a space may say, as far as it is known. */
export function secondOf(unit: Unit, all: Histories, { second }: Space): Second {
  if (second === undefined) return () => [];
  const complete = all.fresh.has(tablesKey(second));
  return (page) => [...watchPage(unit, all, second, page, complete).values.values()];
}

/** All tables and spaces that some entry names or named. */
function places(all: Histories): { tables: Tables[]; spaces: Space[] } {
  const tables: Tables[] = [];
  const spaces: Space[] = [];
  for (const { values, current } of all.contexts.values()) {
    for (const entry of [...values.values(), current]) {
      if (entry.kind === "legacy" && entry.context.kind === "tables") tables.push(entry.context);
      if (entry.kind !== "extended" || entry.context.withoutPasid === "nothing") continue;
      tables.push({ did: entry.context.did, ...entry.context.second });
    }
  }
  for (const history of all.pasids.values()) {
    for (const value of pasidValues(history)) {
      if (value.kind === "fault") continue;
      if (value.leads.kind === "tables") tables.push(value.leads.tables);
      else if (value.leads.kind === "firstStage") spaces.push(value.leads.space);
    }
  }
  return { tables, spaces };
}

/** Whether all tracked pages of a place are watched already; if not, they will be. */
function isDone({ done, tracked }: Histories, place: string): boolean {
  if (done.get(place) === tracked.size) return true;
  done.set(place, tracked.size);
  return false;
}

/** Begins a history for each tracked page of everything that entries name or named. */
export function watchPages(unit: Unit, all: Histories, complete: boolean): void {
  watchPasids(unit, all, complete);
  const { tables, spaces } = places(all);
  const seconds = spaces.flatMap(({ second }) => second ?? []);
  for (const each of [...tables, ...seconds]) {
    if (!all.named.has(tablesKey(each)) && complete) all.fresh.add(tablesKey(each));
    all.named.add(tablesKey(each));
  }
  // Those of a second stage too: its shadow may become that of requests without a first stage.
  for (const each of [...tables, ...seconds]) {
    if (isDone(all, tablesKey(each))) continue;
    for (const page of all.tracked) watchPage(unit, all, each, page, complete);
  }
  for (const each of seconds) {
    if (isDone(all, `near ${tablesKey(each)}`)) continue;
    const isFresh = all.fresh.has(tablesKey(each));
    for (const page of all.nearby) watchPage(unit, all, each, page, isFresh);
  }
  for (const space of spaces) {
    if (isDone(all, spaceKey(space, 0))) continue;
    for (const page of all.tracked) {
      const key = spaceKey(space, page);
      if (all.firsts.has(key)) continue;
      const history = newFirst(space, page, complete);
      all.firsts.set(key, history);
      sampleFirst(unit, history, secondOf(unit, all, space), nowOf(unit, all, space));
    }
  }
  all.fresh.clear();
}

/** Reads everything that is watched again, and remembers what has changed. */
export function sample(unit: Unit, all: Histories): void {
  for (const history of all.contexts.values()) sampleContext(unit, history);
  for (const history of all.pasids.values()) {
    const context = all.contexts.get(history.sid);
    if (context !== undefined) samplePasid(unit, history, context);
  }
  for (const history of all.pages.values()) samplePage(unit, history);
  watchPages(unit, all, true);
  for (const history of all.firsts.values()) {
    sampleFirst(unit, history, secondOf(unit, all, history.space));
  }
}

/** Starts everything anew: nothing is cached. */
export function restart(unit: Unit, all: Histories): void {
  const sids = [...all.contexts.keys()];
  for (const each of [all.contexts, all.pasids, all.pages, all.firsts, all.named]) each.clear();
  all.touched.clear();
  all.done.clear();
  Object.assign(all.replaced, { context: false, pasid: false, iotlb: false });
  for (const sid of sids) watchSource(unit, all, sid, true);
  watchPages(unit, all, true);
}

/** Whether some watched walk read a word within the lines of 64 bytes that hold `length` bytes. */
export function reads(all: Histories, gpa: bigint, length: bigint): boolean {
  const [first, end] = [gpa & ~63n, gpa + length + 63n];
  const within = ([at]: Word): boolean => gpaOf(at) >= first && gpaOf(at) < end;
  for (const each of [all.contexts, all.pasids, all.pages, all.firsts]) {
    for (const walk of each.values()) if (walk.words.some(within)) return true;
  }
  return false;
}
