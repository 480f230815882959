import type { Fact, FactOf } from "../../events/fact.ts";
import { translation as chart } from "../../machines/context/translation.ts";
import type { Evolvers } from "../evolver.ts";
import { atRest } from "../fault/faults.ts";
import type { Draft, Guest } from "../guest.ts";
import { moveCharts } from "../guest.ts";
import { clearHosts, markHosts } from "../host/host-entry.ts";
import { coversContext, coversPasid } from "../queue/evolve-queue.ts";
import { tableModeOf } from "../registers/registers.ts";
import { markPending, shadowsOf, withShadow } from "../shadow/shadow.ts";

function forgetContexts(guest: Draft<Guest>, fact: FactOf<"ContextInvalidated">): void {
  const { ecs } = guest.profile;
  guest.hosts = clearHosts(guest.hosts, "pending", (entry) => coversContext(fact, entry, ecs));
}

function forgetPasids(guest: Draft<Guest>, fact: FactOf<"PasidCacheInvalidated">): void {
  const { ecs } = guest.profile;
  guest.hosts = clearHosts(guest.hosts, "pasidPending", (entry) => coversPasid(fact, entry, ecs));
}

/** The chart alone moves. */
const move = (guest: Draft<Guest>, fact: Fact): void =>
  moveCharts(guest, { translation: chart.after(guest.charts.translation, fact) });

function latchRoot(guest: Draft<Guest>, fact: FactOf<"RootPointerLatched">, seq: number): void {
  const { rootPointer } = guest;
  move(guest, fact);
  guest.rootPointer = fact.value;
  // Other reads see the same tables otherwise.
  if (guest.profile.splitSight && tableModeOf({ rootPointer }) !== tableModeOf(guest)) {
    for (const shadow of shadowsOf(guest)) {
      const marked = markPending(shadow, 0, Number.MAX_SAFE_INTEGER, seq, true);
      guest.shadows = withShadow(guest.shadows, marked);
    }
  }
  if (guest.charts.translation !== "enabled" || fact.value === rootPointer) return;
  const contexts = markHosts(guest.hosts, seq, "pending", () => true);
  guest.hosts = markHosts(contexts, seq, "pasidPending", ({ tag }) => tag !== undefined);
}

function disableTranslation(guest: Draft<Guest>, fact: Fact): void {
  move(guest, fact);
  guest.virtualCaches = [];
  if (guest.charts.remapping !== "enabled") guest.faults = atRest(guest.faults);
}

/** What facts about the root pointer, contexts and PASID entries do. */
export const contextEvolvers: Evolvers = {
  RootPointerLatched: latchRoot,
  TranslationEnabled: move,
  TranslationDisabled: disableTranslation,
  ContextInvalidated: forgetContexts,
  PasidCacheInvalidated: forgetPasids,
};
