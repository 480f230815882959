import type { Fact, FactOf } from "../../events/fact.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import { emptyRadix, radixForEach, radixSet } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import { atRest } from "../fault/faults.ts";
import type { Draft, Guest } from "../guest.ts";
import { moveCharts } from "../guest.ts";
import { interruptTableOf } from "./interrupts.ts";

/** The chart alone moves. */
const move = (guest: Draft<Guest>, fact: Fact): void =>
  moveCharts(guest, { remapping: remapping.after(guest.charts.remapping, fact) });

/** SIRTP; what was cached of the old table stays. */
function latchTable(guest: Draft<Guest>, fact: FactOf<"InterruptTableLatched">): void {
  move(guest, fact);
  guest.interruptTable = interruptTableOf(fact.value);
}

function cacheEntry(guest: Draft<Guest>, fact: FactOf<"InterruptEntryCached">, seq: number): void {
  const known = { entry: fact.entry, since: seq };
  guest.interruptCache = radixSet(guest.interruptCache, fact.index, known);
}

/** Without indices the whole cache goes. */
function forgetEntries(guest: Draft<Guest>, fact: FactOf<"InterruptEntriesInvalidated">): void {
  if (guest.interruptCache.size === 0) return;
  const { first, count = 1 } = fact;
  if (first === undefined) {
    guest.interruptCache = emptyRadix();
    return;
  }
  radixForEach(guest.interruptCache, first, first + count, (index) => {
    guest.interruptCache = radixSet(guest.interruptCache, index, undefined);
  });
}

function disableRemapping(guest: Draft<Guest>, fact: Fact): void {
  move(guest, fact);
  if (guest.charts.translation !== "enabled") guest.faults = atRest(guest.faults);
}

/** What facts about interrupt remapping do. */
export const interruptEvolvers: Evolvers = {
  InterruptTableLatched: latchTable,
  InterruptRemappingEnabled: move,
  InterruptRemappingDisabled: disableRemapping,
  CompatibilityInterruptsAllowed: (guest) => {
    guest.compatibilityInterrupts = true;
  },
  CompatibilityInterruptsBlocked: (guest) => {
    guest.compatibilityInterrupts = false;
  },
  InterruptEntryCached: cacheEntry,
  InterruptEntriesInvalidated: forgetEntries,
};
