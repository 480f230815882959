import type { FactOf } from "../../events/fact.ts";
import { restartContext } from "./context-history.ts";
import { inExtendedMode } from "./extended/source.ts";
import type { FirstHistory } from "./first-history.ts";
import { sampleFirst } from "./first-history.ts";
import type { Histories } from "./history.ts";
import { secondOf } from "./history.ts";
import type { PageHistory } from "./page-history.ts";
import { isPageDirty } from "./page-history.ts";
import { forgetPasid } from "./pasid-history.ts";
import { show } from "./show.ts";
import { markStale, nowOf } from "./stale.ts";
import type { Unit } from "./walk.ts";

/** Bits of a function number that FM leaves out of the comparison. */
const ignoredBits = [0b000, 0b100, 0b110, 0b111] as const;

/** Whether context entries have a domain-id. */
const hasDomains = (unit: Unit): boolean =>
  ((unit.root >> 10n) & 3n) === 0n || inExtendedMode(unit);

/**
 * Context-cache invalidation. Until a global one, nothing else makes up for a replaced root
 * pointer.
 *
 * Reading: a scalable-mode context has no domain-id, so that its invalidations match source-ids
 * alone, and those of a domain cover every context.
 */
export function invalidateContexts(
  unit: Unit,
  all: Histories,
  what: FactOf<"ContextInvalidated">,
): void {
  if (what.scope === "global") all.replaced.context = false;
  if (all.replaced.context) return;
  const compared = 0xffff & ~(ignoredBits[what.mask ?? 0] ?? 0);
  for (const [sid, history] of all.contexts) {
    const sameDevice = (sid & compared) === ((what.source ?? 0) & compared);
    const sameDomain = !hasDomains(unit) || history.tag === (what.did ?? 0);
    const covered =
      what.scope === "global" || (sameDomain && (what.scope === "domain" || sameDevice));
    if (!covered || (history.complete && !history.dirty)) continue;
    restartContext(unit, history);
    all.touched.add(history);
  }
}

/**
 * PASID-cache invalidation: of what is covered nothing is cached but what the tables say now.
 *
 * Reading: one of a single PASID covers entries that were not present as well, which are tagged
 * with domain-id 0: Linux announces a new entry with the domain-id that it has now.
 */
export function invalidatePasids(
  unit: Unit,
  all: Histories,
  what: FactOf<"PasidCacheInvalidated">,
): void {
  if (what.scope === "global") all.replaced.pasid = false;
  if (all.replaced.pasid) return;
  for (const history of all.pasids.values()) {
    if (what.scope === "pasid" && history.pasid !== what.pasid) continue;
    if (what.scope === "global") history.complete = true;
    all.touched.add(history);
    forgetPasid(unit, history, all.contexts.get(history.sid), (value) => {
      if (what.scope === "global") return true;
      if (value.did !== undefined) return value.did === (what.did ?? 0);
      return what.scope === "pasid" || what.did === 0;
    });
  }
}

/**
 * IOTLB invalidation. One for leaves alone does nothing for pages with a changed upper entry. All
 * that is cached of first stages goes with its domain-id, whatever the range.
 */
export function invalidatePages(
  unit: Unit,
  all: Histories,
  what: FactOf<"IotlbInvalidated">,
): void {
  if (what.scope === "global") all.replaced.iotlb = false;
  if (all.replaced.iotlb) return;
  const first = what.iova ?? 0n;
  const changed: PageHistory[] = [];
  for (const history of all.pages.values()) {
    const iova = BigInt(history.page) << 12n;
    if (what.scope !== "global" && history.did !== (what.did ?? 0)) continue;
    if (what.scope === "page" && (iova < first || iova >= first + (what.length ?? 0n))) continue;
    if (what.leafOnly === true && (history.dirtyUpper || !history.complete)) continue;
    if (history.complete && !isPageDirty(history)) continue;
    changed.push(history);
    history.values = new Map([[show(history.current), history.current]]);
    history.dirtyLeaf = false;
    history.dirtyUpper = false;
    history.complete = true;
  }
  for (const history of changed) all.touched.add(history);
  markStale(all, changed);
  for (const history of all.firsts.values()) {
    if (what.scope !== "global" && history.space.did !== (what.did ?? 0)) continue;
    restartFirst(unit, all, history);
  }
}

function forgetFirst(history: FirstHistory): void {
  history.uppers.clear();
  history.leaves.clear();
  history.seconds.clear();
  history.complete = true;
}

/** Nothing is remembered but what a walk finds now. */
function restartFirst(unit: Unit, all: Histories, history: FirstHistory): void {
  if (all.keeps && history.fresh && !history.stale) return;
  forgetFirst(history);
  const { space } = history;
  sampleFirst(unit, history, secondOf(unit, all, space), nowOf(unit, all, space));
  history.fresh = true;
  all.touched.add(history);
}

/** Whether the entry of a level on the way to a page has a range that meets `[first, end)`. */
function meets(page: number, level: number, first: bigint, end: bigint): boolean {
  const bytes = 1n << BigInt(3 + 9 * level);
  const start = ((BigInt(page) << 12n) / bytes) * bytes;
  return start < end && first < start + bytes;
}

/** PASID-based IOTLB invalidation: of first stages alone. */
export function invalidateFirsts(
  unit: Unit,
  all: Histories,
  what: FactOf<"PasidIotlbInvalidated">,
): void {
  if (all.replaced.iotlb) return;
  const first = what.iova ?? 0n;
  const end = first + (what.length ?? 0n);
  for (const history of all.firsts.values()) {
    const { space, page, uppers, leaves } = history;
    if (space.did !== what.did) continue;
    if (what.scope !== "domain" && space.pasid !== what.pasid) continue;
    const covered = meets(page, 1, first, end);
    if (what.scope !== "page" || (covered && what.leafOnly !== true)) {
      restartFirst(unit, all, history);
      continue;
    } else if (what.leafOnly !== true) {
      for (const [key, start] of uppers) {
        if (meets(page, start.at(-1)?.level ?? 0, first, end)) uppers.delete(key);
      }
    } else if (covered) leaves.clear();
    sampleFirst(unit, history, secondOf(unit, all, space));
    history.fresh = false;
    all.touched.add(history);
  }
}
