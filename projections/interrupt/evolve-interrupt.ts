import type { Fact, FactOf } from "../../events/fact.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import { emptyRadix, radixForEach, radixSet } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import { atRest } from "../fault/faults.ts";
import type { Guest } from "../guest.ts";
import { copyGuest, inState } from "../guest.ts";
import { interruptTableOf } from "./interrupts.ts";

/** The chart alone moves. */
const moved = (guest: Guest, fact: Fact): Guest =>
  inState(guest, { remapping: remapping.after(guest.charts.remapping, fact) });

/** SIRTP; what was cached of the old table stays. */
function interruptTableLatched(guest: Guest, fact: FactOf<"InterruptTableLatched">): Guest {
  return { ...moved(guest, fact), interruptTable: interruptTableOf(fact.value) };
}

function interruptEntryCached(
  guest: Guest,
  fact: FactOf<"InterruptEntryCached">,
  seq: number,
): Guest {
  const next = copyGuest(guest);
  const known = { entry: fact.entry, since: seq };
  next.interruptCache = radixSet(guest.interruptCache, fact.index, known);
  return next;
}

/** Without indices the whole cache goes. */
function interruptEntriesInvalidated(
  guest: Guest,
  fact: FactOf<"InterruptEntriesInvalidated">,
): Guest {
  if (guest.interruptCache.size === 0) return guest;
  const next = copyGuest(guest);
  const { first, count = 1 } = fact;
  if (first === undefined) {
    next.interruptCache = emptyRadix();
    return next;
  }
  radixForEach(guest.interruptCache, first, first + count, (index) => {
    next.interruptCache = radixSet(next.interruptCache, index, undefined);
  });
  return next;
}

function remappingDisabled(guest: Guest, fact: Fact): Guest {
  const next = moved(guest, fact);
  const { translation } = guest.charts;
  return translation === "enabled" ? next : { ...next, faults: atRest(guest.faults) };
}

/** What facts about interrupt remapping do. */
export const interruptEvolvers: Evolvers = {
  InterruptTableLatched: interruptTableLatched,
  InterruptRemappingEnabled: moved,
  InterruptRemappingDisabled: remappingDisabled,
  CompatibilityInterruptsAllowed: (guest) => ({ ...guest, compatibilityInterrupts: true }),
  CompatibilityInterruptsBlocked: (guest) => ({ ...guest, compatibilityInterrupts: false }),
  InterruptEntryCached: interruptEntryCached,
  InterruptEntriesInvalidated: interruptEntriesInvalidated,
};
