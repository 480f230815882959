import type { SourceEntry } from "./scalable.ts";
import { readSource } from "./scalable.ts";
import { show } from "./show.ts";
import type { Unit, Word } from "./walk.ts";
import { sameWords } from "./walk.ts";

/**
 * What a source-id's root and context entry said since the last context-cache invalidation that
 * covers it.
 */
export interface ContextHistory {
  readonly sid: number;
  values: Map<string, SourceEntry>;
  current: SourceEntry;
  words: readonly Word[];
  /**
   * The domain-id that the cached entry carries, 0 for one that has none; `undefined` when nothing
   * is cached.
   */
  tag: number | undefined;
  dirty: boolean;
  /** Whether it has been watched ever since that invalidation. */
  complete: boolean;
}

/** CAP.CM: faulting and missing entries are cached too, under domain-id 0. */
export const cachingMode = (unit: Unit): boolean => ((unit.cap >> 7n) & 1n) === 1n;

function tagOf(unit: Unit, entry: SourceEntry): number | undefined {
  if (entry.kind === "directory") return 0;
  if (entry.kind === "extended") return entry.context.did;
  const context = entry.kind === "legacy" ? entry.context : entry;
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

export function newContext(unit: Unit, sid: number, complete: boolean): ContextHistory {
  const { entry: current, words } = readSource(unit, sid);
  const start = { values: new Map(), current, words, tag: undefined, dirty: false, complete };
  const history: ContextHistory = { sid, ...start };
  restartContext(unit, history);
  history.complete = complete;
  return history;
}

export function sampleContext(unit: Unit, history: ContextHistory): void {
  const { entry, words } = readSource(unit, history.sid);
  // A mode that no request gets through reads nothing.
  if (sameWords(history.words, words) && show(entry) === show(history.current)) return;
  history.words = words;
  history.current = entry;
  if (history.tag === undefined) {
    restartContext(unit, history);
    return;
  }
  history.dirty = true;
  history.values.set(show(entry), entry);
}
