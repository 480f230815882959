import { functionMasks } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Range } from "../../tables/range.ts";
import { everyPage, pagesFrom } from "../../tables/range.ts";

/** What an invalidation is asked to cover, as the fact says it. */
type ScopeOf<T extends "ContextInvalidated" | "PasidCacheInvalidated" | "PasidIotlbInvalidated"> =
  Omit<FactOf<T>, "type">;
export type ContextScope = ScopeOf<"ContextInvalidated">;
export type PasidScope = ScopeOf<"PasidCacheInvalidated">;
export type PasidIotlbScope = ScopeOf<"PasidIotlbInvalidated">;
export type IotlbScope = Omit<FactOf<"IotlbInvalidated">, "type">;

/** What contexts and PASID entries are cached under. */
interface Cached {
  readonly source: number;
  readonly did: number;
  /** The PASID by which it was read, in scalable mode. */
  readonly tag: number | undefined;
  /** Why it blocks requests, or 0. */
  readonly reason: number;
}

/**
 * Whether a context-cache invalidation covers what is cached for an entry.
 *
 * Reading: a scalable-mode context has no domain-id, so that its invalidations match source-ids
 * alone, and those of a domain cover every context. An extended one has it.
 *
 * @param ecs  the unit is one of version 2.x.
 */
export function coversContext(scope: ContextScope, entry: Cached, ecs: boolean): boolean {
  if (scope.scope === "global") return true;
  const scalable = !ecs && (entry.tag !== undefined || entry.reason >= 0x30);
  if (!scalable && scope.did !== entry.did) return false;
  if (scope.scope === "domain") return true;
  const mask = functionMasks[scope.mask ?? 0] as number;
  return (entry.source & mask) === ((scope.source ?? 0) & mask);
}

/**
 * Whether a PASID-cache invalidation covers what is cached for an entry.
 *
 * Reading: one of a single PASID covers entries that were not present as well, which are tagged
 * with domain-id 0: Linux announces a new entry with the domain-id that it has now.
 *
 * Reading: in version 2.x entries that were not present are tagged with their own PASID and the
 * domain-id of the context entry, as 2.4 says. Linux 4.4 to 4.20 announces a new entry with PASID 0
 * under caching mode, and says that it does not know why: that covers nothing.
 *
 * @param ecs  the unit is one of version 2.x.
 */
export function coversPasid(scope: PasidScope, entry: Cached, ecs: boolean): boolean {
  if (entry.tag === undefined) return false;
  if (scope.scope === "global") return true;
  if (scope.scope === "domain") return entry.did === scope.did;
  if (entry.tag !== scope.pasid) return false;
  return entry.did === scope.did || (!ecs && entry.did === 0 && entry.reason !== 0);
}

/** The pages that a page-selective invalidation names. */
const pagesOf = (scope: { readonly iova?: bigint; readonly length?: bigint }): Range =>
  pagesFrom(scope.iova ?? 0n, scope.length ?? 0n);

/** The pages that an IOTLB invalidation covers of a domain's second stages, or `undefined`. */
export function coveredRange(scope: IotlbScope, did: number): Range | undefined {
  if (scope.scope === "global") return everyPage;
  if (scope.did !== did) return undefined;
  return scope.scope === "domain" ? everyPage : pagesOf(scope);
}

/** Whether an IOTLB invalidation covers a domain's first stages: all or none of them. */
export const coversFirstStages = (scope: IotlbScope, did: number): boolean =>
  coveredRange(scope, did) !== undefined;

/** The pages that a PASID-based invalidation covers of a first stage, or `undefined`. */
export function coveredOfPasid(
  scope: PasidIotlbScope,
  { did, pasid }: { readonly did: number; readonly pasid: number | undefined },
): Range | undefined {
  if (scope.did !== did) return undefined;
  if (scope.scope === "domain") return everyPage;
  if (scope.pasid !== pasid) return undefined;
  return scope.scope === "pasid" ? everyPage : pagesOf(scope);
}
