import { formatSourceId, hex } from "../../events/address.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import { judgeFault } from "./fault-check.ts";
import type { Judge } from "./finding.ts";
import type { CacheUsed, Faulted, Invalidated, Observation, Translated } from "./observation.ts";
import { dropsTranslations, reachOf } from "./reach.ts";

/** A translation that the unit keeps. */
interface Kept {
  readonly first: bigint;
  mask: bigint;
  readonly entry: bigint;
  readonly did: number;
  readonly line: number;
}

/** One device's translations by mask of the page, and the lines that made it forget some. */
interface Cache {
  readonly bySize: Map<bigint, Map<bigint, Kept>>;
  readonly forgotten: Map<bigint, Map<bigint, number>>;
  newest: Kept | undefined;
}

const pageMask = 0xfffn;
const addressBits = ((1n << 52n) - 1n) & ~pageMask;
const pageOf = (iova: bigint): bigint => iova & ~pageMask;

function sized(cache: Cache, mask: bigint): Map<bigint, Kept> {
  const found = cache.bySize.get(mask);
  if (found !== undefined) return found;
  const made = new Map<bigint, Kept>();
  cache.bySize.set(mask, made);
  return made;
}

function keptAt({ bySize }: Cache, iova: bigint): Kept | undefined {
  for (const [mask, pages] of bySize) {
    const kept = pages.get(iova & ~mask);
    if (kept !== undefined) return kept;
  }
  return undefined;
}

/** The line that made the unit forget the page of an address. */
function forgottenAt({ forgotten }: Cache, iova: bigint): number | undefined {
  for (const [mask, pages] of forgotten) {
    const line = pages.get(iova & ~mask);
    if (line !== undefined) return line;
  }
  return undefined;
}

function remember({ forgotten }: Cache, first: bigint, mask: bigint, line: number): void {
  const pages = forgotten.get(mask) ?? new Map<bigint, number>();
  forgotten.set(mask, pages);
  pages.set(first, line);
}

const where = (source: number, iova: bigint): string =>
  `${formatSourceId(source)} at ${hex(pageOf(iova))}`;

function fill(cache: Cache, seen: CacheUsed, judge: Judge): void {
  const { source, iova, entry, did, line } = seen;
  const old = keptAt(cache, iova);
  const first = pageOf(iova);
  if (old === undefined) judge.agree();
  else if ((old.entry & addressBits) === (entry & addressBits)) {
    // A unit may forget more than it is told.
    judge.notObservable("translation that is kept again: why it was dropped is not in the trace");
  } else {
    const change = `from ${hex(old.entry & addressBits)} to ${hex(entry & addressBits)}`;
    const text = `the translation of ${where(source, iova)} in domain ${did.toString()} changes`;
    const since = `no invalidation since line ${old.line.toString()} covers it`;
    judge.disagree("changedTranslation", line, `${text} ${change}; ${since}`);
  }
  const kept = { first, mask: pageMask, entry, did, line };
  sized(cache, pageMask).set(first, kept);
  cache.forgotten.get(pageMask)?.delete(first);
  cache.newest = kept;
}

function hit(cache: Cache, seen: CacheUsed, judge: Judge): void {
  const { source, iova, entry, line } = seen;
  const kept = keptAt(cache, iova);
  const gone = forgottenAt(cache, iova);
  if (kept !== undefined && (kept.entry & addressBits) === (entry & addressBits)) judge.agree();
  else if (kept !== undefined) {
    const [now, then] = [hex(entry & addressBits), hex(kept.entry & addressBits)];
    const text = `${where(source, iova)} is answered from the cache with ${now}, kept was ${then}`;
    judge.disagree("staleTranslation", line, text);
  } else if (gone !== undefined) {
    const answer = `${where(source, iova)} is answered from the cache`;
    const text = `${answer}; line ${gone.toString()} removed it`;
    judge.disagree("staleTranslation", line, text);
  } else judge.notObservable("cached translation: when it was kept is not in the trace");
}

/** A translation that follows tells how large the page is that was kept last. */
function resize(cache: Cache, { iova, mask }: Translated): void {
  const { newest } = cache;
  cache.newest = undefined;
  if (newest === undefined || mask === newest.mask || (iova & ~mask) !== (newest.first & ~mask)) {
    return;
  }
  sized(cache, newest.mask).delete(newest.first);
  newest.mask = mask;
  sized(cache, mask).set(newest.first & ~mask, newest);
  cache.forgotten.get(mask)?.delete(newest.first & ~mask);
}

function forget(cache: Cache, seen: Invalidated): void {
  const { did, range } = reachOf(seen.words);
  for (const [mask, pages] of cache.bySize) {
    const drop = (first: bigint, kept: Kept): void => {
      if (did !== undefined && kept.did !== did) return;
      pages.delete(first);
      remember(cache, first, mask, seen.line);
    };
    const size = mask + 1n;
    if (range === undefined || (range.end - range.first) / size > BigInt(pages.size)) {
      for (const [first, kept] of pages) {
        const inside = range === undefined || (first < range.end && range.first < first + size);
        if (inside) drop(first, kept);
      }
      continue;
    }
    for (let first = range.first & ~mask; first < range.end; first += size) {
      const kept = pages.get(first);
      if (kept !== undefined) drop(first, kept);
    }
  }
}

function fault(cache: Cache | undefined, seen: Faulted, judge: Judge): void {
  const { source, iova, reason, line } = seen;
  const isKnown = cache !== undefined && source !== undefined && iova !== undefined;
  const gone = isKnown ? forgottenAt(cache, iova) : undefined;
  if (!isKnown || gone === undefined) {
    judgeFault(seen, judge);
    return;
  }
  const why = reason === undefined ? "" : ` (reason ${reasonText(reason)})`;
  const text = `${where(source, iova)} faults${why}; it was translated until line`;
  judge.disagree("usedAfterUnmap", line, `${text} ${gone.toString()} invalidated it`);
}

/**
 * Follows what the unit keeps of translations: what it hits it had kept, what an invalidation
 * covers is gone, and one that it keeps again is the same as before unless it was invalidated.
 */
export function checkCache(observations: readonly Observation[], judge: Judge): void {
  // What a driver's own trace tells of faults is judged by its mappings.
  if (observations.some(({ kind }) => kind === "mappingChanged")) return;
  const caches = new Map<number, Cache>();
  const cacheOf = (source: number): Cache => {
    const found = caches.get(source);
    if (found !== undefined) return found;
    const made: Cache = { bySize: new Map(), forgotten: new Map(), newest: undefined };
    caches.set(source, made);
    return made;
  };
  for (const seen of observations) {
    if (seen.kind === "cacheUsed") {
      (seen.use === "hit" ? hit : fill)(cacheOf(seen.source), seen, judge);
    } else if (seen.kind === "translated") resize(cacheOf(seen.source), seen);
    else if (seen.kind === "faulted") fault(caches.get(seen.source ?? -1), seen, judge);
    // Whatever the reason is for which QEMU drops context entries, it drops translations too.
    else if (seen.kind === "cacheDropped") caches.clear();
    else if (seen.kind === "invalidated" && dropsTranslations(reachOf(seen.words))) {
      for (const cache of caches.values()) forget(cache, seen);
    }
  }
}
