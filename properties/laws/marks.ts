import { hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { capacity, change } from "../../tables/page-tree.ts";
import { coveredPages } from "./invalidated.ts";
import type { Count, Law } from "./law.ts";
import { guestIndex, momentsOf } from "./run.ts";

/**
 * The marks that an invalidation must leave: odd ones are of table pointers, which IH does not
 * cover.
 */
function marksAfter(shadow: Shadow, fact: FactOf<"IotlbInvalidated">, count: Count): PageTree {
  const covered = coveredPages(fact, shadow.did);
  if (covered === undefined || shadow.pending.root === 0) return shadow.pending;
  const [first, end] = covered;
  const last = Math.min(end, capacity(shadow.pending));
  return change(shadow.pending, first, last, (mark) => {
    if (mark === 0) return 0;
    const stays = fact.leafOnly === true && mark % 2 === 1;
    count(stays ? "left" : "cleared");
    return stays ? mark : 0;
  });
}

export const marksAreCleared: Law = {
  id: "IV5",
  says: "An invalidation clears the pending marks that it covers and no others.",
  sometimes: ["cleared", "left"],
  check(run, count) {
    for (const { fact, before, after, seq } of momentsOf(run)) {
      if (fact?.type !== "IotlbInvalidated") continue;
      const [was, now] = [before.guests[guestIndex(fact)], after.guests[guestIndex(fact)]];
      for (const shadow of was === undefined ? [] : shadowsOf(was)) {
        const found = shadowAt(now, shadow.id)?.pending.root;
        const wanted = marksAfter(shadow, fact, count).root;
        if (found === wanted || JSON.stringify(found) === JSON.stringify(wanted)) continue;
        const name = `domain ${shadow.did}, root page ${hex(shadow.root)}`;
        return { law: "IV5", seq, text: `the marks of ${name} are not as they must be` };
      }
    }
    return undefined;
  },
};
