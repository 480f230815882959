import { hex } from "../../events/address.ts";
import { buildStage } from "../../hypervisor/shadow/build.ts";
import { newBuild } from "../../hypervisor/shadow/built-table.ts";
import { pageLimit } from "../../hypervisor/shadow/synchronise.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { emptyShadow, gpaLevels, shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import { composeSlot, newComposition } from "../../tables/compose.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { capacity } from "../../tables/page-tree.ts";
import type { Law } from "./law.ts";
import { sameValue } from "./same.ts";

/** The guest stage that a shadow built from nothing would have. */
function stageOf(guest: Guest, shadow: Shadow): Slot {
  const { id, did, root, levels } = shadow;
  const empty = emptyShadow(id, did, root, levels, gpaLevels(guest.profile.haw));
  const limit = Math.min(pageLimit(guest, levels), capacity(empty.stage));
  return buildStage(newBuild(guest, 0, limit), empty);
}

/** Tables of a web share nodes: each pair of them is compared once. */
const same = (a: Slot, b: Slot): boolean => sameValue(a, b, new Map());

/** What is wrong with a shadow, or nothing. */
function checkShadow(
  guest: Guest,
  shadow: Shadow,
  { hosts, stages }: Readonly<Record<"hosts" | "stages", boolean>>,
): string | undefined {
  const depth = shadow.levels * 2;
  if (hosts) {
    const host = composeSlot(newComposition(guest.p2m), shadow.stage.root, depth);
    if (!same(host, shadow.host.root)) return "is not its guest stage behind the P2M";
  }
  if (!stages || shadow.pending.root !== 0) return undefined;
  const stage = stageOf(guest, shadow);
  return same(stage, shadow.stage.root) ? undefined : "is not what building from nothing gives";
}

export const rebuildingIsTheSame: Law = {
  id: "SH3",
  says: "A shadow kept up to date is exactly one that is built from nothing.",
  sometimes: ["rebuilt", "recomposed"],
  check(run, count) {
    for (const { before, after, seq, facts } of run.steps) {
      if (before.guests === after.guests) continue;
      for (const guest of after.guests) {
        const old = before.guests[guest.index];
        if (old === guest) continue;
        const moved = facts.some(({ type }) => /^P2m/.test(type));
        for (const shadow of shadowsOf(guest)) {
          const was = shadowAt(old, shadow.id);
          if (was === shadow && !moved) continue;
          count(shadow.pending.root === 0 ? "rebuilt" : "recomposed");
          const stages = was?.pending !== shadow.pending || moved;
          const hosts =
            moved ||
            was?.stage !== shadow.stage ||
            was.host !== shadow.host ||
            old?.p2m !== guest.p2m;
          const text = checkShadow(guest, shadow, { hosts, stages });
          if (text === undefined) continue;
          const name = `the shadow of domain ${shadow.did} and root page ${hex(shadow.root)}`;
          return { law: "SH3", seq, text: `${name} ${text}` };
        }
      }
    }
    return undefined;
  },
};
