import type { FactOf } from "../../events/fact.ts";
import type { KeepingOutState } from "../../machines/host/keeping-out.ts";
import { keepingOut } from "../../machines/host/keeping-out.ts";
import type { Radix } from "../../tables/radix.ts";
import { radixForEach, radixGet, radixSet } from "../../tables/radix.ts";
import { requesterKey } from "./host-entry.ts";

/** A requester is kept out, or let in again. */
export type KeptOutFact = FactOf<"DeviceKeptOut"> | FactOf<"DeviceLetIn">;

/** The requesters that are kept out, by `requesterKey`. */
type KeptOut = Radix<KeepingOutState>;

/** The state of a requester's chart. */
export const keepingOutOf = (
  { keptOut }: { readonly keptOut: KeptOut },
  source: number,
  pasid: number | undefined,
): KeepingOutState => radixGet(keptOut, requesterKey(source, pasid)) ?? keepingOut.initial;

/** Whether the host blocks a requester's requests whatever the guest says of them. */
export const isKeptOut = (
  guest: { readonly keptOut: KeptOut },
  source: number,
  pasid: number | undefined,
): boolean => guest.keptOut.size > 0 && keepingOutOf(guest, source, pasid) === "keptOut";

/** Those that are kept out once one of them was, or was let in. */
export function keptOutAfter(keptOut: KeptOut, fact: KeptOutFact): KeptOut {
  const { source, pasid } = fact;
  const state = keepingOut.after(keepingOutOf({ keptOut }, source, pasid), fact);
  const key = requesterKey(source, pasid);
  return radixSet(keptOut, key, state === keepingOut.initial ? undefined : state);
}

/** Those that are kept out without any of a source-id that no device uses any more. */
export function withoutSource(keptOut: KeptOut, source: number): KeptOut {
  let left = keptOut;
  radixForEach(keptOut, 0, Number.MAX_SAFE_INTEGER, (key) => {
    if (key % 0x10000 === source) left = radixSet(left, key, undefined);
  });
  return left;
}
