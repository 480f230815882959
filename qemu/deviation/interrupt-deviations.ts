import type { Fact } from "../../events/fact.ts";
import { readInterruptEntry } from "../../projections/interrupt-entry.ts";
import { radixGet } from "../../projections/radix.ts";
import type { Deviation, Other, Situation } from "./deviation.ts";
import { nothing } from "./deviation.ts";
import { messageText } from "./message.ts";

const blockedBy = (facts: readonly Fact[], reason: number): boolean =>
  facts.some((fact) => fact.type === "InterruptBlocked" && fact.reason === reason);

/** The interrupt entry that a request met: as it is cached, else as it stands in memory. */
function entryMet({ after, facts }: Situation): bigint | undefined {
  const met = facts.find(
    (fact) => fact.type === "InterruptBlocked" || fact.type === "InterruptDelivered",
  );
  const index = met?.index;
  if (index === undefined) return undefined;
  // Without caching mode an entry that is refused is not cached.
  return radixGet(after.interruptCache, index)?.entry ?? readInterruptEntry(after, index);
}

/** What the guest is where an interrupt was delivered that the model blocks. */
const asDelivered = ({ before, after }: Situation): Other =>
  nothing({ ...before, interruptCache: after.interruptCache });

/** Deviations of QEMU in how it remaps interrupts. */
export const interruptDeviations: readonly Deviation[] = [
  {
    id: "interrupt-fault-unreported",
    explains: ({ what, input, before, after, facts }) => {
      if (what !== "register" || input.type !== "MsiRequest") return undefined;
      if (!facts.some(({ type }) => type === "InterruptBlocked")) return undefined;
      return nothing({ ...before, interruptCache: after.interruptCache });
    },
  },
  {
    id: "compatibility-passed",
    explains: (situation) => {
      const { what, input, facts, target } = situation;
      if (what !== "interrupt" || input.type !== "MsiRequest" || !blockedBy(facts, 0x25)) {
        return undefined;
      }
      const unchanged = messageText(input.address, BigInt(input.data));
      return target === unchanged ? asDelivered(situation) : undefined;
    },
  },
  {
    id: "irte-bus-order",
    explains: (situation) => {
      const { what, facts, after } = situation;
      const met = facts.find(
        (fact) => fact.type === "InterruptBlocked" || fact.type === "InterruptDelivered",
      );
      const entry = entryMet(situation) ?? 0n;
      const isRange = ((entry >> 82n) & 3n) === 2n;
      if (met === undefined || !isRange) return undefined;
      if (what !== "interrupt") return what === "register" ? "end" : undefined;
      if (met.type === "InterruptBlocked") {
        return met.reason === 0x26 ? asDelivered(situation) : undefined;
      }
      return nothing(after);
    },
  },
  {
    id: "irte-mode-ignored",
    explains: (situation) => {
      const { what, facts, before } = situation;
      if (!blockedBy(facts, 0x24) || before.profile.postedInterrupts) return undefined;
      if (((entryMet(situation) ?? 0n) & 0x8000n) === 0n) return undefined;
      if (what === "register") return "end";
      return what === "interrupt" ? asDelivered(situation) : undefined;
    },
  },
];
