import type { ContextHistory } from "./context-history.ts";
import { cachingMode } from "./context-history.ts";
import { pasidFault, readPasidEntry } from "./extended/source.ts";
import type { PasidValue } from "./pasid-entry.ts";
import { readPasid } from "./pasid-entry.ts";
import type { SourceEntry } from "./scalable.ts";
import { show } from "./show.ts";
import type { Unit, Word } from "./walk.ts";
import { sameWords } from "./walk.ts";

/**
 * What directory and PASID entry said of one PASID of one source-id, under any context that may be
 * cached for it, unless a PASID-cache invalidation has covered that since.
 */
export interface PasidHistory {
  readonly sid: number;
  readonly pasid: number;
  /** What may be cached. */
  readonly values: Map<string, PasidValue>;
  /** Nothing where no directory has an entry for it. */
  current: PasidValue | undefined;
  words: readonly Word[];
  /** Those of them that are read under the context of now. */
  path: readonly Word[];
  /** One of these has changed, whether it matters or not. */
  touched: boolean;
  complete: boolean;
}

export const newPasid = (sid: number, pasid: number, complete: boolean): PasidHistory => ({
  sid,
  pasid,
  values: new Map(),
  current: undefined,
  words: [],
  path: [],
  touched: false,
  complete,
});

/** What a context entry leads to for a PASID; nothing where it has no entry for it. */
function readUnder(unit: Unit, entry: SourceEntry, pasid: number) {
  if (entry.kind === "extended") {
    return pasidFault(entry, { pasid }) === undefined
      ? readPasidEntry(unit, entry, pasid)
      : undefined;
  }
  if (entry.kind !== "directory" || pasid >= 2 ** entry.pasidBits) return undefined;
  return readPasid(unit, entry, pasid);
}

/** Reads directory and PASID entry under each context that may be cached. */
export function samplePasid(unit: Unit, history: PasidHistory, context: ContextHistory): void {
  const words: Word[] = [];
  let path: Word[] = [];
  const wasCached = history.values.size > 0;
  history.current = undefined;
  for (const entry of [...context.values.values(), context.current]) {
    const read = readUnder(unit, entry, history.pasid);
    if (read === undefined) continue;
    words.push(...read.words);
    const cached = read.value.kind === "entry" || cachingMode(unit);
    if (cached) history.values.set(show(read.value), read.value);
    if (entry !== context.current) continue;
    history.current = read.value;
    path = read.words;
  }
  if (wasCached && !sameWords(history.path, path)) history.touched = true;
  history.words = words;
  history.path = path;
}

/** Everything that the PASID's entries may say to a request. */
export const pasidValues = ({ values, current }: PasidHistory): readonly PasidValue[] =>
  current === undefined || values.has(show(current))
    ? [...values.values()]
    : [...values.values(), current];

/** Whether something may be cached that the tables do not say now. */
function isStale({ values, current }: PasidHistory): boolean {
  const now = current === undefined ? "" : show(current);
  return [...values.keys()].some((key) => key !== now);
}

/** Whether a word has changed since the last invalidation that covers the entry. */
export const isPasidDirty = (history: PasidHistory): boolean => history.touched || isStale(history);

/** Drops what may be cached and an invalidation covers; the tables must be read again then. */
export function forgetPasid(
  unit: Unit,
  history: PasidHistory,
  context: ContextHistory | undefined,
  covers: (value: PasidValue) => boolean,
): void {
  for (const [key, value] of history.values) if (covers(value)) history.values.delete(key);
  if (context !== undefined) samplePasid(unit, history, context);
  const { current } = history;
  if (!isStale(history) && (current === undefined || covers(current))) history.touched = false;
}
