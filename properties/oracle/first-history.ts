import type { Chain, Link, Ways } from "./first-chain.ts";
import { chains, hasLeaf, itself, resultOf, stepKey, waysNow } from "./first-chain.ts";
import type { FirstRequest } from "./first-entry.ts";
import { isLeaf } from "./first-entry.ts";
import type { FirstWalk } from "./first-stage.ts";
import { follow } from "./first-stage.ts";
import type { Space } from "./pasid-entry.ts";
import { show } from "./show.ts";
import type { PageValue, Unit, Word } from "./walk.ts";
import { bit } from "./word.ts";

/**
 * What may be cached of the first stage for one page of one space: entries that were present when
 * a walk passed them, unless an invalidation has covered them since. An entry is cached only once
 * its accessed bit is set.
 */
export interface FirstHistory {
  readonly space: Space;
  readonly page: number;
  /** Ways down to an upper entry, in the paging-structure cache: a walk may begin below it. */
  readonly uppers: Map<string, Chain>;
  /** Whole ways to a leaf, in the IOTLB. */
  readonly leaves: Map<string, Chain>;
  /** All ways when they were walked last. */
  ways: readonly Chain[];
  /** The way that memory shows now. */
  now: Chain;
  /** Pages that the second stage translates on the way. */
  readonly seconds: Set<number>;
  words: readonly Word[];
  complete: boolean;
  /** Walking again would remember nothing more, unless something else changes. */
  settled: boolean;
  /** All that is remembered is what a walk finds that began with nothing. */
  fresh: boolean;
  /** Something that its ways depend on may have changed, as far as anybody keeps count. */
  stale: boolean;
}

/** What the second stage may say of a page. */
export type Second = (page: number) => readonly PageValue[];

/** More ways than these are not followed. */
const maxChains = 64;

const shown = new WeakMap<Space, string>();

export function spaceKey(space: Space, page: number): string {
  const known = shown.get(space) ?? show(space);
  shown.set(space, known);
  return `${known}:${page}`;
}

export const newFirst = (space: Space, page: number, complete: boolean): FirstHistory => ({
  space,
  page,
  uppers: new Map(),
  leaves: new Map(),
  ways: [],
  now: [],
  seconds: new Set(),
  words: [],
  complete,
  settled: false,
  fresh: complete,
  stale: false,
});

/** What walks of a page may find: memory as it is, and what is remembered. */
const waysOf = ({ space, uppers }: FirstHistory, second: Second): Ways => ({
  starts: uppers,
  second: space.second === undefined ? (page) => [itself(page)] : second,
});

const wasPassed = ({ eafe }: Space, value: bigint): boolean =>
  bit(value, 5) && (!eafe || bit(value, 10));

const keyOf = (chain: Chain): string =>
  chain.map(({ at, value }) => `${at.toString(16)}=${value?.toString(16)}`).join();

const bareKeys = new WeakMap<Chain, string>();

function bareKey(chain: Chain): string {
  const known = bareKeys.get(chain);
  if (known !== undefined) return known;
  const key = chain.map(({ at, value }) => stepKey(at, value)).join("");
  bareKeys.set(chain, key);
  return key;
}

/** A step as it is remembered: nothing of memory or second stage has a part in it. */
const remembered = ({ level, at, value }: Link): Link => ({
  level,
  at,
  value,
  place: undefined,
  gpa: undefined,
  read: undefined,
});

/** Remembers each upper entry of a way that a walk has passed. */
function rememberUppers({ space, uppers }: FirstHistory, chain: Chain): void {
  let key = "";
  for (const [index, { level, at, value }] of chain.slice(0, -1).entries()) {
    if (value === undefined || !wasPassed(space, value) || isLeaf(level, value)) return;
    key += stepKey(at, value);
    if (!uppers.has(key)) uppers.set(key, chain.slice(0, index + 1).map(remembered));
  }
}

/** How much is remembered: it only ever grows by walking. */
const sizeOf = ({ uppers, leaves, seconds, complete }: FirstHistory): number =>
  uppers.size + leaves.size + seconds.size + (complete ? 0 : 1);

/** Walks every way again and remembers what it finds. @returns the ways, at most so many. */
export function sampleFirst(
  unit: Unit,
  history: FirstHistory,
  second: Second,
  now: Ways = waysNow(unit, history.space),
): Chain[] {
  const { space, page, leaves, seconds } = history;
  const before = sizeOf(history);
  const ways = waysOf(history, (at) => {
    seconds.add(at);
    return second(at);
  });
  const all: Chain[] = [];
  const words: Word[] = [];
  for (const chain of chains({ unit, space, ways }, page)) {
    if (all.length >= maxChains) {
      history.complete = false;
      break;
    }
    all.push(chain);
    for (const { read, value } of chain) if (read !== undefined) words.push([read, value]);
  }
  for (const chain of all) {
    rememberUppers(history, chain);
    if (!hasLeaf(unit, space, chain)) continue;
    ways.second(Number(resultOf(chain, page).address >> 12n));
    const isCached = chain.every(({ value }) => value !== undefined && wasPassed(space, value));
    if (!isCached) continue;
    const key = keyOf(chain);
    if (!leaves.has(key)) leaves.set(key, chain.map(remembered));
  }
  history.words = words;
  history.ways = all;
  [history.now = []] = chains({ unit, space, ways: now }, page);
  // What memory shows it shows again; only ways from what is remembered may lead further.
  const isShown = all.every(([first]) => first?.place !== undefined);
  history.settled = isShown || sizeOf(history) === before;
  history.fresh &&= history.settled && !history.stale;
  history.stale = false;
  return all;
}

/** Whether something may be cached that the tables do not say now. */
export function isFirstDirty({ uppers, leaves, now }: FirstHistory): boolean {
  const current = bareKey(now);
  for (const chain of leaves.values()) if (bareKey(chain) !== current) return true;
  // The key of a way to an upper entry is that of a beginning of the way that memory shows.
  for (const key of uppers.keys()) if (!current.startsWith(key)) return true;
  return false;
}

/** Whether the leaf of a remembered way serves an access by itself. */
const serves = (chain: Chain, walk: FirstWalk, request: FirstRequest): boolean =>
  request.access === "read" ||
  walk.outcome.kind === "fault" ||
  bit(chain[chain.length - 1]?.value ?? 0n, 6);

/** All that may become of a request: from the IOTLB, and by walks that use what is remembered. */
export function firstWalks(
  unit: Unit,
  history: FirstHistory,
  request: FirstRequest,
  second: Second,
  keeps: boolean,
): { readonly cached: readonly FirstWalk[]; readonly walked: readonly FirstWalk[] } {
  const { space, page } = history;
  const ways = waysOf(history, second);
  const along = (chain: Chain) => follow({ unit, space, ways }, page, chain, request);
  // Without a second stage nothing but what is watched changes the ways.
  const isKept = space.second === undefined || (keeps && history.settled && !history.stale);
  const isKnown = isKept && history.ways.length > 0;
  const all = isKnown ? history.ways : sampleFirst(unit, history, second);
  const walked = all.flatMap(along);
  const cached = [...history.leaves.values()].flatMap((chain) =>
    along(chain).filter((walk) => serves(chain, walk, request)),
  );
  return { cached, walked };
}

/** The lowest level of an upper entry that is remembered; one above the top where none is. */
export const lowestUpper = ({ uppers, space }: FirstHistory): number =>
  Math.min(space.levels + 1, ...[...uppers.values()].map((start) => start.at(-1)?.level ?? 6));
