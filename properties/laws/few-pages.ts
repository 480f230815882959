import { everyPage, hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import {
  pendingRanges,
  shadowLimit,
  synchroniseTrees,
} from "../../hypervisor/shadow/synchronise.ts";
import { tellPages } from "../../hypervisor/shadow/teller.ts";
import { changedPages } from "../../hypervisor/shadow/walk-second-stage.ts";
import { newTurn } from "../../hypervisor/turn.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import type { Count, Law } from "./law.ts";
import { sameValue } from "./same.ts";

/** Ranges of one shadow that are looked at after one event. */
const mostRanges = 4;

/** Whether walks to a shadow's pending pages say what building trees of them says. */
function isAlike(world: World, index: number, shadow: Shadow, count: Count): boolean {
  const guest = world.guests[index];
  if (guest === undefined) return true;
  const ranges = pendingRanges(shadow, everyPage.first, everyPage.end);
  return ranges.slice(0, mostRanges).every((range) => {
    const pages = changedPages(guest, shadow, [range], shadowLimit(guest, shadow));
    if (pages === undefined) return true;
    count(pages.length === 0 ? "unchanged" : "changed");
    const [walked, built]: [Fact[], Fact[]] = [[], []];
    tellPages(shadow.id, pages, (fact) => walked.push(fact));
    const turn = newTurn(world, index);
    synchroniseTrees(turn, shadow, [range], (fact) => built.push(fact));
    return turn.facts.length === 0 && sameValue(walked, built, new Map());
  });
}

export const fewPagesAreTheSame: Law = {
  id: "SH5",
  says: "Walking to a few changed pages tells what building trees of them and comparing tells.",
  sometimes: ["changed", "unchanged"],
  check(run, count) {
    for (const { before, after, seq } of run.steps) {
      if (before.guests === after.guests) continue;
      for (const guest of after.guests) {
        const old = before.guests[guest.index];
        if (old === guest) continue;
        for (const shadow of shadowsOf(guest)) {
          if (shadowAt(old, shadow.id)?.pending === shadow.pending) continue;
          if (isAlike(after, guest.index, shadow, count)) continue;
          const name = `the shadow of domain ${shadow.did} and root page ${hex(shadow.root)}`;
          return { law: "SH5", seq, text: `${name} changes otherwise page by page` };
        }
      }
    }
    return undefined;
  },
};
