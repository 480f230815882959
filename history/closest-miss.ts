import type { Range } from "../events/address.ts";
import type { Changed, MissKind, NearMiss } from "./near-miss.ts";
import { nearMiss } from "./near-miss.ts";
import type { ToldBefore } from "./told.ts";
import { pagesTold, toldBeside } from "./told.ts";

/** Which miss says most, the first one first. */
const ranks: readonly MissKind[] = ["leaf", "range", "domain", "pasid", "source", "cache"];

/** Pages between a range and a page up to which one may have been meant for the other. */
const near = 64;

/** Whether an invalidation announced nothing that was open. */
const isAimless = ({ announced, entries }: ToldBefore): boolean =>
  announced.length === 0 && entries.length === 0;

function isNear(told: ToldBefore, page: number): boolean {
  const { first, end } = pagesTold(told.fact);
  return page >= first - near && page < end + near;
}

/** Whether an invalidation that misses a change can have been meant for it. */
function isMeant(
  told: ToldBefore,
  { kind }: NearMiss,
  changed: Changed,
  run: Range,
  since: number,
) {
  if (kind === "leaf") return true;
  if (toldBeside(told, since, run)) return true;
  if (!isAimless(told)) return false;
  if (kind !== "range" || changed.table === "second stage") return true;
  return isNear(told, changed.page);
}

/** The miss of two that says more; of equals the first. */
export const closerMiss = (
  one: NearMiss | undefined,
  other: NearMiss | undefined,
): NearMiss | undefined => {
  if (one === undefined || other === undefined) return one ?? other;
  return ranks.indexOf(other.kind) < ranks.indexOf(one.kind) ? other : one;
};

/**
 * Which invalidation was to announce a change and did not.
 *
 * @param told   what was told after the change, in order.
 * @param run    the pages around the page that the same event changed.
 * @param since  number of the event that changed it.
 */
export function closestMiss(
  told: readonly ToldBefore[],
  changed: Changed,
  run: Range,
  since: number,
): NearMiss | undefined {
  let best: NearMiss | undefined;
  for (const one of told) {
    const miss = nearMiss(one, changed);
    if (miss === undefined || !isMeant(one, miss, changed, run, since)) continue;
    best = closerMiss(best, miss);
  }
  return best;
}
