import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Range } from "../../tables/range.ts";
import { everyPage } from "../../tables/range.ts";

/** What an IOTLB invalidation is asked to cover. */
export type IotlbScope = Omit<FactOf<"IotlbInvalidated">, "type">;

/** The IOVA pages that an IOTLB invalidation covers in a domain, or `undefined`. */
export function coveredRange(scope: IotlbScope, did: number): Range | undefined {
  if (scope.scope === "global") return everyPage;
  if (scope.did !== did) return undefined;
  if (scope.scope === "domain") return everyPage;
  const first = pageOf(scope.iova ?? 0n);
  return { first, end: first + pageOf(scope.length ?? 0n) };
}
