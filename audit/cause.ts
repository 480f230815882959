import type { Range } from "../events/address.ts";
import type { Changed, MissKind, NearMiss } from "../history/near-miss.ts";
import { nearMiss } from "../history/near-miss.ts";
import type { Told } from "../history/told.ts";
import { pagesTold, toldBeside } from "../history/told.ts";
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

/** Which miss says most, the first one first. */
const ranks: readonly MissKind[] = ["leaf", "range", "domain", "pasid", "source", "cache"];

/** Pages between a range and a page up to which one may have been meant for the other. */
const near = 64;

/** Whether an invalidation announced nothing that was open. */
const isAimless = ({ announced, entries }: Told): boolean =>
  announced.length === 0 && entries.length === 0;

function isNear(told: Told, page: number): boolean {
  const { first, end } = pagesTold(told.fact);
  return page >= first - near && page < end + near;
}

/** Whether an invalidation that misses a change can have been meant for it. */
function isMeant(told: Told, { kind }: NearMiss, changed: Changed, run: Range, since: number) {
  if (kind === "leaf") return true;
  if (toldBeside(told, since, run)) return true;
  if (!isAimless(told)) return false;
  if (kind !== "range" || changed.table === "second stage") return true;
  return isNear(told, changed.page);
}

/**
 * Which invalidation was to announce a change and did not, and what rule that breaks.
 *
 * @param told   what was told after the change, in order.
 * @param run    the pages around the page that the same event changed.
 * @param since  number of the event that changed it.
 */
export function missedBy(
  told: readonly Told[],
  changed: Changed,
  run: Range,
  since: number,
): { readonly rule: RuleId; readonly miss: NearMiss } | undefined {
  let best: NearMiss | undefined;
  for (const one of told) {
    const miss = nearMiss(one, changed);
    if (miss === undefined || !isMeant(one, miss, changed, run, since)) continue;
    if (best === undefined || ranks.indexOf(miss.kind) < ranks.indexOf(best.kind)) best = miss;
  }
  return best && { rule: ruleOfMiss[best.kind], miss: best };
}
