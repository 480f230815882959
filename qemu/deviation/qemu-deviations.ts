import { hex, pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Profile } from "../../events/profile.ts";
import { Iqa } from "../../events/registers/queue.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host-entry.ts";
import { radixGet } from "../../projections/radix.ts";
import { at } from "../../projections/registers.ts";
import type { Deviation, Other, Situation } from "./deviation.ts";
import { messageText } from "./message.ts";
import { usesOf } from "./past.ts";

/** A guest to which nothing of a step has happened but what it shows. */
const nothing = (guest: Guest): Other => ({ guest, facts: [] });

/** Deviations of QEMU in what its registers show. */
export const registerDeviations: readonly Deviation[] = [
  {
    id: "iqa-latched",
    explains: ({ register, past }) => {
      if (register?.name !== "IQA") return undefined;
      const address = past.queueAddress & ~0xfffn;
      const kept = register.model & (Iqa.mask("qs") | Iqa.mask("dw"));
      // Some versions show DW as it was latched, or not at all.
      const rest = ~Iqa.mask("dw");
      return (register.target & rest) === ((address | kept) & rest) ? "goOn" : undefined;
    },
  },
];

/** PP of a fault record, and PV with it. */
const hasPasid = 1n << 95n;
const pasidOfRecord = hasPasid | (0xf_ffffn << 104n);

/** Reasons of scalable mode, by those of legacy mode. */
const scalableReasons: ReadonlyMap<number, number> = new Map([
  ...([
    [0x1, 0x39],
    [0x2, 0x41],
    [0x8, 0x38],
    [0x9, 0x40],
    [0xa, 0x3a],
    [0xb, 0x42],
    [0x5b, 0x59],
  ] as const),
]);

/** Deviations of QEMU in what it reports. */
const faultDeviations: readonly Deviation[] = [
  {
    id: "iotlb-permission",
    explains: ({ what, input, before, past, reached }) => {
      if (what !== "dma" || input.type !== "Dma" || reached === undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const uses = usesOf(past, source, input.iova, reached);
      const access = input.access ?? "read";
      return uses.some(({ allows }) => !allows[access]) ? nothing(before) : undefined;
    },
  },
  {
    id: "iotlb-source-tag",
    explains: ({ what, input, before, past, reached }) => {
      if (what !== "dma" || input.type !== "Dma" || reached === undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const did = hostAt(before.hosts, source, undefined)?.did;
      const uses = usesOf(past, source, input.iova, reached);
      const access = input.access ?? "read";
      return uses.some((use) => use.did !== did && use.allows[access]) ? "end" : undefined;
    },
  },
  {
    id: "superpage-interrupt-range",
    explains: ({ what, target, allowed = [] }) => {
      if (what !== "dma" || (target !== "fault 0xe" && target !== "blocked")) return undefined;
      const isNear = allowed.some((each) => /^page 0x[c-f][0-9a-f]{4}$/.test(each));
      return isNear ? "end" : undefined;
    },
  },
  {
    id: "table-in-device-memory",
    explains: ({ what, target, allowed = [] }) => {
      if (what !== "dma" || !allowed.includes("fault 0x7")) return undefined;
      return target === "fault 0x5" || target === "fault 0x6" ? "end" : undefined;
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
      const [guest] = kept.guests;
      return guest && { guest, facts };
    },
  },
  {
    id: "pass-through-width",
    explains: ({ what, input, before, reached, target }) => {
      if (what !== "dma" || input.type !== "Dma") return undefined;
      if (reached !== undefined && reached !== input.iova) return undefined;
      const isUnchanged = target === `page ${hex(pageOf(input.iova))}`;
      const isBeyond = input.iova >> BigInt(before.profile.mgaw) !== 0n;
      return isUnchanged && isBeyond ? nothing(before) : undefined;
    },
  },
  {
    id: "scalable-reasons",
    explains: ({ what, target, model, allowed = [], world, input, facts }) => {
      const legacy = /^fault (0x[0-9a-f]+)$/.exec(target)?.[1];
      const scalable = scalableReasons.get(Number(legacy ?? 0));
      if (what !== "dma" || scalable === undefined) return undefined;
      const wanted = `fault ${hex(scalable)}`;
      if (!model.startsWith(wanted)) return allowed.includes(wanted) ? "end" : undefined;
      const told = facts.map((fact) =>
        fact.type === "FaultRecorded" ? { ...fact, reason: Number(legacy) } : fact,
      );
      const [guest] = told.reduce(evolve, evolve(world, input)).guests;
      return guest && { guest, facts: told };
    },
  },
  {
    id: "first-stage-width",
    explains: ({ what, target, input, before, allowed = [] }) => {
      if (what !== "dma" || input.type !== "Dma" || !before.profile.flts) return undefined;
      const upper = input.iova >> 38n;
      const isNarrow = upper === 0n || upper === (1n << 26n) - 1n;
      const isRefused = target === "fault 0x80" || target === "blocked";
      return isRefused && !isNarrow && !allowed.includes("fault 0x80") ? "end" : undefined;
    },
  },
  {
    id: "execute-disable-ignored",
    explains: ({ what, target, before, allowed = [] }) =>
      what === "dma" &&
      before.profile.flts &&
      target.startsWith("page ") &&
      (allowed.includes("fault 0x72") || allowed.includes("blocked"))
        ? "end"
        : undefined,
  },
  {
    id: "fault-record-pasid",
    explains: ({ register, before }) => {
      if (register === undefined || !register.name.startsWith("FRCD")) return undefined;
      const differing = register.model ^ register.target;
      const isPasid = (differing & ~pasidOfRecord) === 0n && (differing & hasPasid) !== 0n;
      return isPasid && before.profile.smts ? "goOn" : undefined;
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
const asDelivered = ({ before, after }: Situation): Other =>
  nothing({ ...before, interruptCache: after.interruptCache });

/** Deviations of QEMU in how it remaps interrupts. */
const interruptDeviations: readonly Deviation[] = [
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

const fetching: ReadonlySet<string> = new Set(["QueueStarted", "QueueHalted"]);

/** The guest after all that follows from a step until the queue starts to fetch. */
function untilFetching({ world, input, facts }: Situation): Other | undefined {
  const first = facts.findIndex(({ type }) => fetching.has(type));
  const kept = facts.slice(0, Math.max(0, first));
  const after = kept.reduce(evolve, evolve(world, input));
  const [guest] = after.guests;
  return guest && { guest, facts: kept };
}

/**
 * Descriptors that QEMU executes although they are wrong: of interrupt entries with reserved bits,
 * of device TLBs and PASIDs that the unit has not, and whatever has bits 11:9 set.
 */
function isAccepted(descriptor: bigint, iqei: number, profile: Profile): boolean {
  const low = Number(descriptor & 0xfn);
  if (iqei === 4) return low === 4 || low === 7;
  if (iqei !== 3) return false;
  if ((descriptor & 0xe00n) !== 0n) return true;
  return (
    ((low === 3 || low === 8) && !profile.deviceTlb) || ((low === 6 || low === 7) && !profile.smts)
  );
}

/** Deviations of QEMU in its invalidation queue. */
const queueDeviations: readonly Deviation[] = [
  {
    id: "descriptor-accepted",
    explains: ({ what, facts, before }) => {
      if (what !== "register" && what !== "event") return undefined;
      const halted = facts.find((fact) => fact.type === "QueueHalted");
      const fetched = facts.findLast((fact) => fact.type === "DescriptorFetched");
      if (halted?.error !== "IQE" || fetched === undefined) return undefined;
      return isAccepted(fetched.descriptor, halted.iqei, before.profile) ? "end" : undefined;
    },
  },
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

/** Accessed and dirty bits of a first-stage entry, in its lower half. */
const [accessedBit, dirtyBit] = [0x20, 0x40];

/** Deviations of QEMU in what it writes into tables. */
const tableDeviations: readonly Deviation[] = [
  {
    id: "dirty-not-set",
    explains: ({ what, target, model, before }) => {
      if (what !== "memory" || !before.profile.flts) return undefined;
      const [found, wanted] = [Number(target), Number(model)];
      const isUsed = (wanted & 1) !== 0;
      return isUsed && ((found ^ wanted) & ~(accessedBit | dirtyBit)) === 0 ? "goOn" : undefined;
    },
  },
];

/** Every known deviation of QEMU. */
export const qemuDeviations: readonly Deviation[] = [
  ...registerDeviations,
  ...interruptDeviations,
  ...faultDeviations,
  ...queueDeviations,
  ...tableDeviations,
];
