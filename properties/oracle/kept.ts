import type { Expected } from "./answers.ts";
import type { Histories, Watched } from "./history.ts";
import type { P2m } from "./p2m.ts";
import type { Resolved } from "./resolve.ts";
import { gpaOf } from "./view.ts";
import type { Unit, Word } from "./walk.ts";

/** One word that some history has read, and those that must read it again when it changes. */
interface Cell {
  readonly at: bigint;
  value: bigint | undefined;
  readonly readers: Set<Watched>;
}

/** An answer, and how things were when it was given. */
interface KeptAnswer {
  readonly expected: Expected;
  readonly epoch: number;
  readonly source: number;
  readonly page: number;
  /** How many changes of the P2M it has outlived, and the frames that it asked for. */
  moves: number;
  readonly frames: readonly number[];
}

/**
 * What is kept of one guest so that only what changed is read again, and only what may be answered
 * otherwise is asked again. It stands beside the histories, which know nothing of it.
 */
export interface Kept {
  /** By number of the word. */
  readonly cells: Map<number, Cell>;
  /** The words of each history as its cells have them. */
  readonly read: Map<Watched, readonly Word[]>;
  readonly stale: Set<Watched>;
  /** Entries may name tables that none named before. */
  placesStale: boolean;
  /** How often something changed of a source-id's entries, and of a page's tables. */
  readonly sources: Map<number, number>;
  readonly pages: Map<number, number>;
  /** How often everything may have changed. */
  epoch: number;
  /** Changes of the P2M that were taken into account. */
  moves: number;
  readonly answers: Map<string, KeptAnswer>;
  readonly resolved: Map<string, KeptResolved>;
}

/** What the entries of a request resolved to, and how things were then. */
interface KeptResolved {
  readonly resolved: Resolved;
  readonly epoch: number;
  readonly source: number;
}

export const newKept = (): Kept => ({
  ...{ cells: new Map(), read: new Map(), stale: new Set(), placesStale: false },
  ...{ sources: new Map(), pages: new Map(), epoch: 0, moves: 0, answers: new Map() },
  resolved: new Map(),
});

/** No word beyond can be read. */
const limit = 1n << 55n;

const wordNumber = (gpa: bigint): number => Number(gpa >> 3n);

/** A history has just read a word; what nobody read before may have changed unnoticed. */
function addReader(kept: Kept, at: bigint, value: bigint | undefined, history: Watched): void {
  const number = wordNumber(at);
  const cell = kept.cells.get(number) ?? { at, value, readers: new Set<Watched>() };
  cell.value = value;
  cell.readers.add(history);
  kept.cells.set(number, cell);
}

/** Takes note of the words that a history has read by now. */
export function follow(kept: Kept, history: Watched): void {
  const { words } = history;
  const before = kept.read.get(history);
  if (before === words) return;
  kept.read.set(history, words);
  const same = before?.length === words.length && before.every(([at], i) => at === words[i]?.[0]);
  if (same) return;
  for (const [at] of before ?? []) kept.cells.get(wordNumber(at))?.readers.delete(history);
  for (const [at, value] of words) if (gpaOf(at) < limit) addReader(kept, at, value, history);
}

/** Takes note of histories that have begun since. */
export function followNew(kept: Kept, all: Histories): void {
  const count = all.contexts.size + all.pasids.size + all.pages.size + all.firsts.size;
  if (count === kept.read.size) return;
  for (const each of [all.contexts, all.pasids, all.pages, all.firsts]) {
    for (const history of each.values()) {
      if (kept.read.has(history)) continue;
      follow(kept, history);
      touch(kept, history);
    }
  }
}

/** Forgets all words, and begins with those of the histories that there are. */
export function followAll(kept: Kept, all: Histories): void {
  kept.cells.clear();
  kept.read.clear();
  kept.stale.clear();
  kept.placesStale = false;
  kept.epoch += 1;
  followNew(kept, all);
}

const add = (counts: Map<number, number>, key: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** What was answered by means of a history may be answered otherwise. */
export function touch(kept: Kept, history: Watched): void {
  if ("sid" in history) add(kept.sources, history.sid);
  else add(kept.pages, history.page);
}

/** Reads a cell again. */
function look(kept: Kept, unit: Unit, cell: Cell): void {
  const value = unit.read64(cell.at);
  if (value === cell.value) return;
  cell.value = value;
  for (const history of cell.readers) kept.stale.add(history);
}

/**
 * Reads the words of a range of guest memory again.
 *
 * @param end  one past the last byte.
 * @returns whether some history has read one of them.
 */
export function lookAt(kept: Kept, unit: Unit, first: bigint, end: bigint): boolean {
  // Numbers of words beyond are not exact: counting them up would not end.
  if (first >= limit) return false;
  let found = false;
  if (end - first > 4096n) {
    for (const cell of kept.cells.values()) {
      const gpa = gpaOf(cell.at);
      if (gpa < first || gpa >= end || cell.readers.size === 0) continue;
      found = true;
      look(kept, unit, cell);
    }
    return found;
  }
  const past = Number((end + 7n) >> 3n);
  for (let number = wordNumber(first); number < past; number++) {
    // By either view of memory.
    for (const cell of [kept.cells.get(number), kept.cells.get(-1 - number)]) {
      if (cell === undefined || cell.readers.size === 0) continue;
      found = true;
      look(kept, unit, cell);
    }
  }
  return found;
}

/** Reads the words again that the P2M may give or take by now. */
export function lookBehind(kept: Kept, unit: Unit, p2m: P2m): void {
  for (; kept.moves < p2m.changed.length; kept.moves++) {
    const [first, end] = p2m.changed[kept.moves] ?? [0, 0];
    lookAt(kept, unit, BigInt(first) << 12n, BigInt(end) << 12n);
  }
}
