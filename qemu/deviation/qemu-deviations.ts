import { hex, pageOf } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import { Iqa } from "../../events/registers/queue.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host-entry.ts";
import { radixGet } from "../../projections/radix.ts";
import { at } from "../../projections/registers.ts";
import type { Deviation, Situation } from "./deviation.ts";
import { messageText } from "./message.ts";
import { usesOf } from "./past.ts";

/** Deviations of QEMU in what its registers show. */
export const registerDeviations: readonly Deviation[] = [
  {
    id: "iqa-latched",
    explains: ({ register, past }) => {
      if (register?.name !== "IQA") return undefined;
      const address = past.queueAddress & ~0xfffn;
      const kept = register.model & Iqa.mask("qs");
      return register.target === (address | kept) ? "goOn" : undefined;
    },
  },
];

const faultOf = (facts: readonly Fact[]): FactOf<"DmaBlocked"> | undefined =>
  facts.find((fact) => fact.type === "DmaBlocked");

/** Deviations of QEMU in what it reports. */
const faultDeviations: readonly Deviation[] = [
  {
    id: "interrupt-fault-unreported",
    explains: ({ what, input, before, after, facts }) => {
      if (what !== "register" || input.type !== "MsiRequest") return undefined;
      if (!facts.some(({ type }) => type === "InterruptBlocked")) return undefined;
      return { ...before, interruptCache: after.interruptCache };
    },
  },
  {
    id: "iotlb-permission",
    explains: ({ what, input, before, facts, past, reached }) => {
      if (what !== "dma" || input.type !== "Dma" || reached === undefined) return undefined;
      if (faultOf(facts)?.reason === undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const uses = usesOf(past, source, input.iova, reached);
      const isOther = uses.length > 0 && uses.every((use) => use.access !== input.access);
      return isOther ? before : undefined;
    },
  },
  {
    id: "iotlb-source-tag",
    explains: ({ what, input, before, past, reached }) => {
      if (what !== "dma" || input.type !== "Dma" || reached === undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const did = hostAt(before.hosts, source, undefined)?.did;
      const uses = usesOf(past, source, input.iova, reached);
      return uses.some((use) => use.did !== did) ? "end" : undefined;
    },
  },
  {
    id: "context-reserved-unsuppressed",
    explains: ({ what, target, allowed = [] }) =>
      what === "dma" && target === "fault 0xb" && allowed.includes("blocked") ? "end" : undefined,
  },
  {
    id: "fault-event-kept",
    explains: ({ register, input, after, facts, before, world }) => {
      if (register?.name !== "FECTL" || input.type !== "RegisterWrite") return undefined;
      const { fro, nfr } = before.profile;
      const isRecord = input.offset >= fro && input.offset < fro + 16 * nfr;
      const isUnpended = facts.some(
        (fact) => fact.type === "EventUnpended" && fact.line === "fault",
      );
      if (!isRecord || !isUnpended) return undefined;
      const kept = evolve({ ...world, guests: [after] }, { type: "EventPended", line: "fault" });
      return kept.guests[0];
    },
  },
  {
    id: "pass-through-width",
    explains: ({ what, input, before, reached, target, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || reached !== undefined) return undefined;
      const isUnchanged = target === `page ${hex(pageOf(input.iova))}`;
      return isUnchanged && allowed.includes("fault 0x4") ? before : undefined;
    },
  },
];

const blockedBy = (facts: readonly Fact[], reason: number): boolean =>
  facts.some((fact) => fact.type === "InterruptBlocked" && fact.reason === reason);

/** The interrupt entry that a request met, as it is cached. */
function entryMet({ after, facts }: Situation): bigint | undefined {
  const met = facts.find(
    (fact) => fact.type === "InterruptBlocked" || fact.type === "InterruptDelivered",
  );
  const index = met?.index;
  return index === undefined ? undefined : radixGet(after.interruptCache, index)?.entry;
}

/** What the guest is where an interrupt was delivered that the model blocks. */
const asDelivered = ({ before, after }: Situation): Guest => ({
  ...before,
  interruptCache: after.interruptCache,
});

/** Deviations of QEMU in how it remaps interrupts. */
const interruptDeviations: readonly Deviation[] = [
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
      if (what !== "interrupt") return undefined;
      const met = facts.find(
        (fact) => fact.type === "InterruptBlocked" || fact.type === "InterruptDelivered",
      );
      const entry = entryMet(situation) ?? 0n;
      const isRange = ((entry >> 82n) & 3n) === 2n;
      if (met === undefined || !isRange) return undefined;
      if (met.type === "InterruptBlocked") {
        return met.reason === 0x26 ? asDelivered(situation) : undefined;
      }
      return after;
    },
  },
  {
    id: "irte-mode-ignored",
    explains: (situation) => {
      const { what, facts, before } = situation;
      if (what !== "interrupt" || !blockedBy(facts, 0x24)) return undefined;
      const isPosted = ((entryMet(situation) ?? 0n) & 0x8000n) !== 0n;
      return isPosted && !before.profile.postedInterrupts ? asDelivered(situation) : undefined;
    },
  },
];

const fetching: ReadonlySet<string> = new Set(["QueueStarted", "QueueHalted"]);

/** The guest after all that follows from a step until the queue starts to fetch. */
function untilFetching({ world, input, facts }: Situation): Guest | undefined {
  let after = evolve(world, input);
  for (const fact of facts) {
    if (fetching.has(fact.type)) break;
    after = evolve(after, fact);
  }
  return after.guests[0];
}

/** Deviations of QEMU in its invalidation queue. */
const queueDeviations: readonly Deviation[] = [
  {
    id: "queue-not-resumed",
    explains: (situation) => {
      const { input, facts } = situation;
      if (input.type !== "RegisterWrite" || input.offset !== at.fsts) return undefined;
      const isResumed = facts.some(({ type }) => fetching.has(type));
      return isResumed ? untilFetching(situation) : undefined;
    },
  },
];

/** Every known deviation of QEMU. */
export const qemuDeviations: readonly Deviation[] = [
  ...registerDeviations,
  ...interruptDeviations,
  ...faultDeviations,
  ...queueDeviations,
];
