import type { Range } from "../events/address.ts";
import { closestMiss } from "../history/closest-miss.ts";
import type { Changed, MissKind, NearMiss } from "../history/near-miss.ts";
import type { ToldBefore } from "../history/told.ts";
import type { RuleId } from "./rule.ts";

/** What a driver that missed a change in some way has broken. */
const ruleOfMiss: Readonly<Record<MissKind, RuleId>> = {
  leaf: "upper-entry-left",
  range: "range-too-narrow",
  domain: "wrong-domain",
  pasid: "wrong-pasid",
  source: "wrong-source",
  cache: "wrong-cache",
};

/** Which invalidation was to announce a change and did not, and what rule that breaks. */
export function missedBy(
  told: readonly ToldBefore[],
  changed: Changed,
  run: Range,
  since: number,
): { readonly rule: RuleId; readonly miss: NearMiss } | undefined {
  const miss = closestMiss(told, changed, run, since);
  return miss && { rule: ruleOfMiss[miss.kind], miss };
}
