import type { FactOf } from "../../events/fact.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import { emptyRadix, radixForEach, radixSet } from "../../tables/radix.ts";
import type { Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import { inState } from "../shadow/evolve-translation.ts";
import { interruptTableOf } from "./interrupts.ts";

/** SIRTP; what was cached of the old table stays. */
export function interruptTableLatched(guest: Guest, fact: FactOf<"InterruptTableLatched">): Guest {
  const next = inState(guest, { remapping: remapping.after(guest.charts.remapping, fact) });
  return { ...next, interruptTable: interruptTableOf(fact.value) };
}

export function interruptEntryCached(
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
export function interruptEntriesInvalidated(
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
