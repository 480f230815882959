import type { Fact } from "../../events/fact.ts";
import { RemappedEntry, unusedDestination } from "../../events/interrupt/interrupt-entry.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { Guest } from "../../projections/guest.ts";
import { readInterruptEntry } from "../../projections/interrupt/interrupt-entry.ts";
import { radixGet, radixSet } from "../../tables/radix.ts";
import type { Deviation, Other, Situation } from "../../target/deviation.ts";
import { nothing } from "../../target/deviation.ts";
import { messagesOf } from "../../target/message.ts";

const blockedBy = (facts: readonly Fact[], reason: number): boolean =>
  facts.some((fact) => fact.type === "InterruptBlocked" && fact.reason === reason);

/** The guest after the request where it was another one before, if QEMU sent the same message. */
function afterwards(
  situation: Situation,
  changed: Guest,
  restore: Partial<Guest>,
): Other | undefined {
  const { world, input, message, isTraced } = situation;
  const folded = fold({ ...world, guests: [changed] }, input);
  const [guest] = folded.world.guests;
  const isSame = !isTraced || messagesOf(folded.facts, input).message === message;
  if (!isSame || guest === undefined) return undefined;
  return { guest: { ...guest, ...restore }, facts: folded.facts };
}

/** The same with the interrupt entry that the request met changed. */
function withEntry(situation: Situation, change: (entry: bigint) => bigint): Other | undefined {
  const { before, after, facts } = situation;
  const met = facts.find(
    (fact) => fact.type === "InterruptBlocked" || fact.type === "InterruptDelivered",
  );
  const index = met?.index;
  if (index === undefined) return undefined;
  const known = radixGet(after.interruptCache, index);
  // Without caching mode an entry that is refused is not remembered.
  const entry = known?.entry ?? readInterruptEntry(after, index);
  if (entry === undefined || change(entry) === entry) return undefined;
  const remembered = { since: 0, ...known, entry: change(entry) };
  const interruptCache = radixSet(before.interruptCache, index, remembered);
  const { interruptCache: kept } = after;
  return afterwards(situation, { ...before, interruptCache }, { interruptCache: kept });
}

/** An entry with the two buses of SID the other way round. */
function swapped(entry: bigint): bigint {
  const { svt, sid } = RemappedEntry.decode(entry);
  if (svt !== RemappedEntry.fields.svt.names.bus) return entry;
  const other = ((sid & 0xff) << 8) | (sid >> 8);
  return (entry & ~RemappedEntry.mask("sid")) | RemappedEntry.encode({ sid: other });
}

const modeBit = RemappedEntry.mask("posted");

/** An entry without the reserved bits that QEMU does not check: IM, and some of DST. */
const unchecked =
  ({ interruptTable: { eime } }: Guest) =>
  (entry: bigint): bigint =>
    entry & ~(eime ? modeBit : modeBit | unusedDestination);

/** Deviations of QEMU in how it remaps interrupts. */
export const interruptDeviations: readonly Deviation[] = [
  {
    id: "compatibility-passed",
    explains: (situation) => {
      const { input, facts, before } = situation;
      if (input.type !== "MsiRequest" || !blockedBy(facts, 0x25)) return undefined;
      const table = { ...before.interruptTable, eime: false };
      const changed = { ...before, compatibilityInterrupts: true, interruptTable: table };
      const { compatibilityInterrupts, interruptTable } = before;
      return afterwards(situation, changed, { compatibilityInterrupts, interruptTable });
    },
  },
  {
    id: "irte-bus-order",
    explains: (situation) => withEntry(situation, swapped),
  },
  {
    id: "irte-mode-ignored",
    explains: (situation) => {
      const { facts, before } = situation;
      if (!blockedBy(facts, 0x24) || before.profile.postedInterrupts) return undefined;
      const clear = unchecked(before);
      const ways = [clear, (entry: bigint) => swapped(clear(entry))];
      return ways.map((way) => withEntry(situation, way)).find(Boolean);
    },
  },
  {
    id: "interrupt-fault-unreported",
    explains: ({ what, input, before, after, facts }) => {
      if (what !== "register" || input.type !== "MsiRequest") return undefined;
      if (!facts.some(({ type }) => type === "InterruptBlocked")) return undefined;
      return nothing({ ...before, interruptCache: after.interruptCache });
    },
  },
];
