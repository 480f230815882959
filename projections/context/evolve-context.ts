import type { Fact, FactOf } from "../../events/fact.ts";
import { translation as chart } from "../../machines/context/translation.ts";
import type { Evolvers } from "../evolver.ts";
import { atRest } from "../fault/faults.ts";
import type { Guest } from "../guest.ts";
import { inState } from "../guest.ts";
import { clearHosts, markHosts } from "../host/host-entry.ts";
import { coversContext, coversPasid } from "../queue/coverage.ts";

function contextInvalidated(guest: Guest, fact: FactOf<"ContextInvalidated">): Guest {
  const hosts = clearHosts(guest.hosts, "pending", (entry) => coversContext(fact, entry));
  return { ...guest, hosts };
}

function pasidCacheInvalidated(guest: Guest, fact: FactOf<"PasidCacheInvalidated">): Guest {
  const hosts = clearHosts(guest.hosts, "pasidPending", (entry) => coversPasid(fact, entry));
  return { ...guest, hosts };
}

function rootPointerLatched(guest: Guest, fact: FactOf<"RootPointerLatched">, seq: number): Guest {
  const translation = chart.after(guest.charts.translation, fact);
  const next = { ...inState(guest, { translation }), rootPointer: fact.value };
  if (translation !== "enabled" || fact.value === guest.rootPointer) return next;
  const contexts = markHosts(guest.hosts, seq, "pending", () => true);
  const hosts = markHosts(contexts, seq, "pasidPending", ({ tag }) => tag !== undefined);
  return { ...next, hosts };
}

/** The chart alone moves. */
const moved = (guest: Guest, fact: Fact): Guest =>
  inState(guest, { translation: chart.after(guest.charts.translation, fact) });

function translationDisabled(guest: Guest, fact: Fact): Guest {
  const { remapping } = guest.charts;
  const faults = remapping === "enabled" ? guest.faults : atRest(guest.faults);
  return { ...moved(guest, fact), virtualCaches: [], faults };
}

/** What facts about the root pointer, contexts and PASID entries do. */
export const contextEvolvers: Evolvers = {
  RootPointerLatched: rootPointerLatched,
  TranslationEnabled: moved,
  TranslationDisabled: translationDisabled,
  ContextInvalidated: contextInvalidated,
  PasidCacheInvalidated: pasidCacheInvalidated,
};
