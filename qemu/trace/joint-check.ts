import type { Finding } from "../../audit/trace/finding.ts";
import type { CacheUsed, MappingChanged, Observation } from "../../audit/trace/observation.ts";
import { overlaps } from "../../audit/trace/reach.ts";
import { formatSourceId, hex } from "../../events/address.ts";
import type { Comparison } from "./compare.ts";

/** A driver's trace and a unit's of one boot, and the lines where both have an invalidation. */
export interface JointTraces {
  readonly driver: readonly Observation[];
  readonly unit: readonly Observation[];
  /** `[line of the driver's trace, line of the unit's]`, in order. */
  readonly pairs: Comparison["pairs"];
}

/** Mappings of more bytes are not followed page by page. */
const largest = 1n << 24n;

/** How many pairs come before a line of the driver's trace. */
function pairsBefore(pairs: Comparison["pairs"], line: number): number {
  let [low, high] = [0, pairs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pairs[middle]?.[0] ?? 0) < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

function usesByPage(unit: readonly Observation[]): ReadonlyMap<bigint, readonly CacheUsed[]> {
  const byPage = new Map<bigint, CacheUsed[]>();
  for (const seen of unit) {
    if (seen.kind !== "cacheUsed") continue;
    const page = seen.iova >> 12n;
    const uses = byPage.get(page);
    if (uses === undefined) byPage.set(page, [seen]);
    else uses.push(seen);
  }
  return byPage;
}

/** How many domains have each page mapped. */
interface Owners {
  readonly map: (change: MappingChanged) => void;
  /** Takes back one domain's mapping. @returns whether no domain has it any more, for certain. */
  readonly unmap: (change: MappingChanged) => boolean;
}

const isLarge = ({ first, end }: MappingChanged): boolean => end - first > largest;

const pagesOf = ({ first, end }: MappingChanged): readonly bigint[] => {
  const count = Number((end - first + 4095n) >> 12n);
  return Array.from({ length: count }, (_, at) => (first >> 12n) + BigInt(at));
};

function startOwners(): Owners {
  const counts = new Map<bigint, number>();
  const large: MappingChanged[] = [];
  return {
    map: (change) => {
      if (isLarge(change)) large.push(change);
      else for (const page of pagesOf(change)) counts.set(page, (counts.get(page) ?? 0) + 1);
    },
    unmap: (change) => {
      if (isLarge(change)) return false;
      let sole = !large.some((map) => overlaps(map, change));
      for (const page of pagesOf(change)) {
        const count = counts.get(page) ?? 0;
        if (count !== 1) sole = false;
        counts.set(page, Math.max(0, count - 1));
      }
      return sole;
    },
  };
}

/** For each unmapping the line where some of it is mapped next. */
function nextMappings(changes: readonly MappingChanged[]): readonly (number | undefined)[] {
  const newest = new Map<bigint, number>();
  const next = changes.toReversed().map((change): number | undefined => {
    if (isLarge(change)) return undefined;
    const pages = pagesOf(change);
    if (change.change === "map") for (const page of pages) newest.set(page, change.line);
    const lines = pages.flatMap((page) => newest.get(page) ?? []);
    return lines.length === 0 ? undefined : Math.min(...lines);
  });
  return next.toReversed();
}

/**
 * Finds what neither trace shows alone: a device that uses an IOVA after the driver unmapped it and
 * before the invalidation. The invalidations that both have are the clock: a use after the first
 * one that follows an unmapping, and before the last one that precedes the next mapping of the
 * IOVA, was after the unmapping for certain. An IOVA that several domains have is left out.
 */
export function checkJointly({ driver, unit, pairs }: JointTraces): readonly Finding[] {
  const findings: Finding[] = [];
  const uses = usesByPage(unit);
  const changes = driver.filter((seen) => seen.kind === "mappingChanged");
  // Where something was lost, a mapping may be there that nobody saw.
  if (driver.some(({ kind }) => kind === "eventsLost")) return [];
  const next = nextMappings(changes);
  const owners = startOwners();
  for (const [index, unmap] of changes.entries()) {
    if (unmap.change === "map") owners.map(unmap);
    if (unmap.change === "map" || !owners.unmap(unmap)) continue;
    const after = pairs[pairsBefore(pairs, unmap.line)]?.[1];
    const again = next[index];
    const last = again === undefined ? pairs.length : pairsBefore(pairs, again);
    const before = pairs[last - 1]?.[1];
    if (after === undefined || before === undefined || after >= before) continue;
    findings.push(...usesBetween(unmap, uses, after, before));
  }
  return findings;
}

/** The first use of each page of an unmapping between two lines of the unit's trace. */
function usesBetween(
  unmap: MappingChanged,
  uses: ReadonlyMap<bigint, readonly CacheUsed[]>,
  after: number,
  before: number,
): readonly Finding[] {
  return pagesOf(unmap).flatMap((page): Finding[] => {
    const use = uses.get(page)?.find(({ line }) => after < line && line < before);
    if (use === undefined) return [];
    const where = `${formatSourceId(use.source)} uses ${hex(page << 12n)}`;
    const text = `${where}; line ${unmap.line.toString()} of the driver's trace unmapped it`;
    return [{ kind: "usedAfterUnmap", line: use.line, text }];
  });
}
