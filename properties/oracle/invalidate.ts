import type { FactOf } from "../../events/fact.ts";
import type { Histories } from "./history.ts";
import { restartContext, show } from "./history.ts";
import type { Unit } from "./walk.ts";

/** Bits of a function number that FM leaves out of the comparison. */
const ignoredBits = [0b000, 0b100, 0b110, 0b111] as const;

/**
 * Context-cache invalidation. Until a global one, nothing else makes up for a replaced root
 * pointer.
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
    const covered =
      what.scope === "global" ||
      (history.tag === (what.did ?? 0) && (what.scope === "domain" || sameDevice));
    if (covered) restartContext(unit, history);
  }
}

/** IOTLB invalidation. One for leaves alone does nothing for pages with a changed upper entry. */
export function invalidatePages(all: Histories, what: FactOf<"IotlbInvalidated">): void {
  if (what.scope === "global") all.replaced.iotlb = false;
  if (all.replaced.iotlb) return;
  const first = what.iova ?? 0n;
  for (const history of all.pages.values()) {
    const iova = BigInt(history.page) << 12n;
    if (what.scope !== "global" && history.did !== (what.did ?? 0)) continue;
    if (what.scope === "page" && (iova < first || iova >= first + (what.length ?? 0n))) continue;
    if (what.leafOnly === true && (history.dirtyUpper || !history.complete)) continue;
    history.values = new Map([[show(history.current), history.current]]);
    history.dirtyLeaf = false;
    history.dirtyUpper = false;
    history.complete = true;
  }
}
