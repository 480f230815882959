import { descriptorType, descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import { PasidIotlbDescriptor } from "../../events/queue/scalable-descriptors.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { Fsts } from "../../events/registers/event-line.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqa, Iqercd, Iqt } from "../../events/registers/queue.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import { isScalable } from "../../projections/context/context-path.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { registerValue, tableModeOf } from "../../projections/registers/registers.ts";
import type { Deviation, Other, Situation } from "../../target/deviation.ts";
import { nothing } from "../../target/deviation.ts";
import { hasOnePasidReason, takesResponses } from "./reasons.ts";

const fetching: ReadonlySet<string> = new Set(["QueueStarted", "QueueHalted"]);

/** The guest after all that follows from a step until the queue starts to fetch. */
function untilFetching({ world, input, facts }: Situation): Other | undefined {
  const first = facts.findIndex(({ type }) => fetching.has(type));
  const kept = facts.slice(0, Math.max(0, first));
  const after = kept.reduce(evolve, evolve(world, input));
  const [guest] = after.guests;
  return guest && { guest, facts: kept };
}

const iqeis = Iqercd.fields.iqei.names;

/**
 * Descriptors that QEMU executes although they are wrong: of interrupt entries and PASIDs with
 * reserved bits, with reserved bits in the upper half of 256 (before version 10), of device TLBs
 * and PASIDs that the unit has not, those of PASIDs in a queue of 128 bits, whatever has bits 11:9
 * set, and all in a reserved mode or, of 128 bits, in scalable mode.
 */
function isAccepted(descriptor: bigint, iqei: number, guest: Guest): boolean {
  const { profile } = guest;
  const { type, typeHigh } = PasidIotlbDescriptor.decode(BigInt.asUintN(128, descriptor));
  const isPasidIotlb = type === descriptorTypes.pasidIotlb;
  const isPasidCache = type === descriptorTypes.pasidCache;
  if (iqei === iqeis.reserved) {
    const isUnread = hasOnePasidReason(guest) && (isPasidIotlb || descriptor >> 128n !== 0n);
    return type === descriptorTypes.interruptEntry || isPasidCache || isUnread;
  }
  if (iqei === iqeis.mode || iqei === iqeis.width) return isModeUnread(guest);
  if (iqei !== iqeis.type) return false;
  if (typeHigh !== 0) return true;
  const isLegacy = tableModeOf(guest) === Rtaddr.fields.ttm.names.legacy;
  if (type === descriptorTypes.pageGroupResponse)
    return takesResponses(guest) && (!profile.pageRequests || isLegacy);
  if (type === descriptorTypes.pasidDeviceTlb) return !profile.deviceTlb || isLegacy;
  if (type === descriptorTypes.deviceTlb) return !profile.deviceTlb;
  const isNarrow = queueGeometry(guest.queue.address).step === 16;
  return (isPasidIotlb || isPasidCache) && (!profile.smts || isNarrow || isLegacy);
}

/** Whether the queue has halted for the mode of the root pointer, which QEMU does not ask. */
const isModeUnread = (guest: Guest): boolean =>
  queueGeometry(guest.queue.address).step === 16 || !isScalable(guest);

const queueError = Fsts.mask("iqe");
const waitsFor = WaitDescriptor.mask("intf") | WaitDescriptor.mask("sw");

/** A wait descriptor that asks neither for a status word nor for an interrupt. */
const isEmptyWait = (descriptor: bigint): boolean =>
  descriptorType(descriptor) === descriptorTypes.wait && (descriptor & waitsFor) === 0n;

/** A page-selective invalidation of first stages, of more pages than CAP.MAMV allows others. */
function isWide(descriptor: bigint, { profile }: Guest): boolean {
  if (descriptorType(descriptor) !== descriptorTypes.pasidIotlb) return false;
  const { g, am } = PasidIotlbDescriptor.decode(BigInt.asUintN(128, descriptor));
  return g === PasidIotlbDescriptor.fields.g.names.page && am > profile.mamv;
}

/** Bit 4 of IQT, its lowest, which is in the middle of a 256-bit descriptor. */
const unalignedBit = Iqt.mask("qt") & -Iqt.mask("qt");
/** Of a tail that lies beyond the queue, and of one that is not aligned. */
const tailErrors: ReadonlySet<number> = new Set([iqeis.tail, iqeis.alignment]);

/** Explains that the queue has halted where the model has executed such a descriptor. */
function haltedAt(
  { register, facts, before }: Situation,
  isSuch: (descriptor: bigint, guest: Guest) => boolean,
): "end" | undefined {
  if (register?.name !== "FSTS") return undefined;
  const isHalted = (register.target & ~register.model & queueError) !== 0n;
  const isMet = facts.some(
    (fact) => fact.type === "DescriptorFetched" && isSuch(fact.descriptor, before),
  );
  return isHalted && isMet ? "end" : undefined;
}

/** Deviations of QEMU in its invalidation queue. */
export const queueDeviations: readonly Deviation[] = [
  {
    id: "descriptor-accepted",
    explains: ({ what, facts, after }) => {
      if (what !== "register" && what !== "event") return undefined;
      const halted = facts.find((fact) => fact.type === "QueueHalted");
      const fetched = facts.findLast((fact) => fact.type === "DescriptorFetched");
      if (halted?.error !== "IQE" || fetched === undefined) return undefined;
      return isAccepted(fetched.descriptor, halted.iqei, after) ? "end" : undefined;
    },
  },
  { id: "wait-nothing", explains: (step) => haltedAt(step, isEmptyWait) },
  { id: "pasid-mask-refused", explains: (step) => haltedAt(step, isWide) },
  {
    id: "empty-queue-kept",
    explains: ({ register, before, facts, past }) => {
      if (register?.name !== "GSTS" || !past.isQueueFresh) return undefined;
      return facts.some(({ type }) => type === "QueueDisabled") ? nothing(before) : undefined;
    },
  },
  {
    id: "tail-unaligned-ignored",
    explains: (situation) => {
      const { facts, after } = situation;
      const halted = facts.find((fact) => fact.type === "QueueHalted");
      const { dw } = Iqa.decode(after.queue.address);
      const isUnaligned = dw && (registerValue(after, at.iqt) & unalignedBit) !== 0n;
      return isUnaligned && halted?.error === "IQE" && tailErrors.has(halted.iqei)
        ? untilFetching(situation)
        : undefined;
    },
  },
  {
    id: "tail-unaligned-early",
    explains: ({ register, input, before }) => {
      if (register?.name !== "FSTS" || input.type !== "RegisterWrite") return undefined;
      const isUnaligned = input.offset === at.iqt && (input.value & unalignedBit) !== 0n;
      const { dw } = Iqa.decode(registerValue(before, at.iqa));
      const isIdle = before.queue.state === "disabled" || before.queue.state === "halted";
      const isError = (register.target ^ register.model) === queueError;
      return isUnaligned && dw && isIdle && isError ? "end" : undefined;
    },
  },
  {
    id: "queue-not-resumed",
    explains: (situation) => {
      const { input, facts } = situation;
      // QEMU fetches when the lower half of IQT is written; the upper one has nothing in it.
      const idle = [at.fsts, at.iqt + 4];
      if (input.type !== "RegisterWrite" || !idle.includes(input.offset)) return undefined;
      const isResumed = facts.some(({ type }) => fetching.has(type));
      return isResumed ? untilFetching(situation) : undefined;
    },
  },
];
