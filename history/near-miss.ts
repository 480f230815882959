import type { Range } from "../events/address.ts";
import { formatSourceId, functionMasks, hex, isWithin, overlaps } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { PathTable } from "../hypervisor/translate/path-table.ts";
import type { Forgetting, ToldBefore } from "./told.ts";
import { pagesTold } from "./told.ts";

/** A change that an invalidation should have announced. */
export interface Changed {
  readonly table: PathTable | "interrupt entry";
  /** Of a first- or second-stage table. */
  readonly level?: number | undefined;
  readonly did: number;
  /** The PASID by which the entry is cached. */
  readonly pasid?: number | undefined;
  /** The requester whose entry it is. */
  readonly source?: number | undefined;
  /** The page that was asked for, or the index of an interrupt entry. */
  readonly page: number;
}

/** What an invalidation has wrong that almost announced a change. */
export type MissKind = "range" | "domain" | "pasid" | "source" | "leaf" | "cache";

/** An invalidation that almost announced a change. */
export interface NearMiss {
  readonly kind: MissKind;
  /** Number of its fact. */
  readonly seq: number;
  readonly text: string;
}

const rangeText = ({ first, end }: Range): string =>
  `${hex(BigInt(first) << 12n)} to ${hex((BigInt(end) << 12n) - 1n)}`;

const pageText = (page: number): string => hex(BigInt(page) << 12n);

const domainText = (did: number | undefined): string =>
  did === undefined ? "every domain" : `domain ${did.toString()}`;

/** What an invalidation covers, in words. */
export function coverText(fact: Forgetting): string {
  switch (fact.type) {
    case "ContextInvalidated":
      if (fact.source !== undefined) return `the context entry of ${formatSourceId(fact.source)}`;
      return `the context entries of ${domainText(fact.did)}`;
    case "PasidCacheInvalidated": {
      const pasid = fact.pasid === undefined ? "every PASID" : `PASID ${hex(fact.pasid)}`;
      return `the entries of ${pasid} of ${domainText(fact.did)}`;
    }
    case "InterruptEntriesInvalidated": {
      const { first, count = 1 } = fact;
      if (first === undefined) return "every interrupt entry";
      const last = first + count - 1;
      return count === 1
        ? `interrupt entry ${first.toString()}`
        : `interrupt entries ${first.toString()} to ${last.toString()}`;
    }
    case "DeviceTlbInvalidated":
      return `${rangeText(pagesTold(fact))} in the TLB of ${formatSourceId(fact.device)}`;
    default: {
      const where = fact.iova === undefined ? "all pages" : rangeText(pagesTold(fact));
      const pasid = "pasid" in fact ? ` and PASID ${hex(fact.pasid)}` : "";
      return `${where} of ${domainText(fact.did)}${pasid}`;
    }
  }
}

function miss(kind: MissKind, { seq, fact }: ToldBefore, but: string): NearMiss {
  const only = "leafOnly" in fact && fact.leafOnly === true ? ", leaves alone" : "";
  const what = `the invalidation at event ${seq.toString()} covers ${coverText(fact)}${only}`;
  return { kind, seq, text: `${what}; ${but}` };
}

type OfPages = FactOf<"IotlbInvalidated"> | FactOf<"PasidIotlbInvalidated">;

/** How an invalidation of pages misses an entry of a table of pages. */
function missOfPages(told: ToldBefore, fact: OfPages, changed: Changed): NearMiss | undefined {
  const { page, did, level = 1 } = changed;
  const range = pagesTold(fact);
  const span = 512 ** (level - 1);
  const first = page - (page % span);
  const isCovered = isWithin(page, range) || overlaps(range, { first, end: first + span });
  const here = `this page is ${pageText(page)}`;
  if (fact.scope === "global") return undefined;
  if (fact.did !== did) {
    return isCovered ? miss("domain", told, `${here} of ${domainText(did)}`) : undefined;
  }
  if (fact.type === "PasidIotlbInvalidated" && fact.pasid !== changed.pasid) {
    const pasid = changed.pasid === undefined ? "no PASID" : `PASID ${hex(changed.pasid)}`;
    return isCovered ? miss("pasid", told, `${here} of ${pasid}`) : undefined;
  }
  if (fact.leafOnly === true && level > 1 && isCovered) {
    return miss(
      "leaf",
      told,
      `an entry of level ${level.toString()} above ${pageText(page)} changed`,
    );
  }
  return isWithin(page, range) ? undefined : miss("range", told, here);
}

function missOfContext(told: ToldBefore, changed: Changed): NearMiss | undefined {
  const { fact } = told;
  const whose = `the entry of ${formatSourceId(changed.source ?? 0)}`;
  if (fact.type === "ContextInvalidated") {
    const mask = functionMasks[fact.mask ?? 0] as number;
    const isOther =
      fact.source !== undefined && (fact.source & mask) !== ((changed.source ?? 0) & mask);
    if (isOther) return miss("source", told, `${whose} changed`);
    if (fact.did === undefined || fact.did === changed.did) return undefined;
    return miss("domain", told, `${whose} is of ${domainText(changed.did)}`);
  }
  if (fact.type !== "IotlbInvalidated" || (fact.did ?? changed.did) !== changed.did)
    return undefined;
  return miss("cache", told, `${whose} changed, which is in the context cache`);
}

function missOfPasid(told: ToldBefore, changed: Changed): NearMiss | undefined {
  const { fact } = told;
  const whose =
    changed.pasid === undefined ? "the entry" : `the entry of PASID ${hex(changed.pasid)}`;
  if (fact.type === "PasidCacheInvalidated") {
    if (fact.did !== undefined && fact.did !== changed.did) {
      return miss("domain", told, `${whose} is of ${domainText(changed.did)}`);
    }
    if (fact.pasid === undefined || fact.pasid === changed.pasid) return undefined;
    return miss("pasid", told, `${whose} changed`);
  }
  if (fact.type !== "PasidIotlbInvalidated" || fact.did !== changed.did) return undefined;
  return miss("cache", told, `${whose} changed, which is in the PASID cache`);
}

/** How an invalidation of another cache misses an entry of a table of pages. */
function missOfOther(told: ToldBefore, changed: Changed): NearMiss | undefined {
  const { fact } = told;
  const but = `the page ${pageText(changed.page)} is in the IOTLB too`;
  if (fact.type === "DeviceTlbInvalidated") {
    return isWithin(changed.page, pagesTold(fact)) ? miss("cache", told, but) : undefined;
  }
  if (fact.type !== "ContextInvalidated") return undefined;
  const isOwn = fact.source === undefined || fact.source === changed.source;
  return isOwn ? miss("cache", told, but) : undefined;
}

/** How an invalidation almost announces a change; `undefined` for one that does, or far from. */
export function nearMiss(told: ToldBefore, changed: Changed): NearMiss | undefined {
  const { fact } = told;
  switch (changed.table) {
    case "interrupt entry":
      if (fact.type !== "InterruptEntriesInvalidated" || fact.first === undefined) return undefined;
      if (isWithin(changed.page, { first: fact.first, end: fact.first + (fact.count ?? 1) })) {
        return undefined;
      }
      return miss("range", told, `this entry is ${changed.page.toString()}`);
    case "root":
    case "context":
      return missOfContext(told, changed);
    case "PASID directory":
    case "PASID entry":
      return missOfPasid(told, changed);
    default:
      if (fact.type === "IotlbInvalidated" || fact.type === "PasidIotlbInvalidated") {
        return missOfPages(told, fact, changed);
      }
      return missOfOther(told, changed);
  }
}
