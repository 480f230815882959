// Length: a descriptor from its fetch to its completion, and what starts and stops the queue.

import type { SourceId } from "../../events/address.ts";
import { gpa, pageOf } from "../../events/address.ts";
import type { QueueError } from "../../events/fact.ts";
import { readersOf } from "../../events/layout/layout.ts";
import type { Scope } from "../../events/queue/descriptor-scope.ts";
import {
  descriptorReserved,
  descriptors,
  descriptorType,
  descriptorTypes,
  scopeOf,
} from "../../events/queue/descriptor-scope.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import {
  extendedDescriptors,
  extendedReserved,
  extendedType,
} from "../../events/queue/extended-descriptors.ts";
import { extendedScopeOf } from "../../events/queue/extended-scope.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { Iqercd } from "../../events/registers/queue.ts";
import type { QueueGeometry, QueueStimulus } from "../../machines/queue/queue.ts";
import { queue as chart, queueGeometry } from "../../machines/queue/queue.ts";
import { anyCondition } from "../../projections/fault/faults.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored, tableModeOf } from "../../projections/registers/registers.ts";
import { readable } from "../../tables/mapping.ts";
import { pageAsWritten, wordsIn } from "../../tables/memory.ts";
import { invalidateDeviceTlb, takeAnswer } from "../device/device-tlb.ts";
import { writePosted } from "../memory/guest-memory.ts";
import { answerPageGroup } from "../page-request/page-group.ts";
import { raise } from "../registers/event-line.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn, record } from "../turn.ts";
import {
  invalidateContexts,
  invalidateInterrupts,
  invalidateIotlb,
  invalidatePasidIotlb,
  invalidatePasids,
} from "./carry-out-invalidation.ts";

/** What became of a descriptor. `mustWait`: some device owes an answer. */
type DescriptorResult =
  | { readonly kind: "done" }
  | { readonly kind: "wait" }
  | { readonly kind: "mustWait" }
  | { readonly kind: "failed"; readonly iqei: number };

const done: DescriptorResult = { kind: "done" };
const reservedField: DescriptorResult = {
  kind: "failed",
  iqei: Iqercd.fields.iqei.names.reserved,
};

/**
 * Whether a page-selective invalidation of second stages names more pages than CAP.MAMV allows.
 * Those of first stages may name any number of pages, whatever CAP.MAMV says.
 */
const isBeyondMamv = (turn: Turn, { length = 0n }: { readonly length?: bigint }): boolean =>
  length > 4096n << BigInt(guestIn(turn).profile.mamv);

/** Executes an invalidation. A granularity without a meaning is an error of the descriptor. */
function invalidate(turn: Turn, scope: Scope | undefined): DescriptorResult {
  if (scope === undefined) return reservedField;
  switch (scope.type) {
    case "ContextInvalidated":
      invalidateContexts(turn, scope);
      break;
    case "PasidCacheInvalidated":
      invalidatePasids(turn, scope);
      break;
    case "IotlbInvalidated":
      if (isBeyondMamv(turn, scope)) return reservedField;
      invalidateIotlb(turn, scope);
      break;
    case "PasidIotlbInvalidated":
      invalidatePasidIotlb(turn, scope);
      break;
    case "DeviceTlbInvalidated":
      invalidateDeviceTlb(turn, scope);
      break;
    default:
      invalidateInterrupts(turn, scope);
  }
  return done;
}

/** Little-endian bytes of a 32-bit word. */
function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) bytes[at] = value >>> (at * 8);
  return bytes;
}

const waitFields = readersOf(WaitDescriptor);

/**
 * A wait descriptor: once every device has answered, writes the status word and sends the
 * completion event.
 *
 * Reading: a status for where no memory is, beyond the host's width too, is lost without an error,
 * as a posted write is; QEMU reports IQE.
 *
 * Reading: draining page requests (PD) finds nothing to do: by the time that a descriptor is
 * fetched every page request before it is in the queue or dropped, and every answer is with its
 * device.
 */
function wait(turn: Turn, descriptor: bigint): DescriptorResult {
  const { queue } = guestIn(turn);
  if (queue.unanswered.length > 0) return { kind: "mustWait" };
  const { intf, sw, data, statusAddr } = waitFields;
  if (sw(descriptor)) {
    writePosted(turn, gpa(statusAddr(descriptor)), fourBytes(data(descriptor)));
  }
  const interrupt = intf(descriptor);
  const first = interrupt && !queue.waitDone;
  record(turn, { type: "WaitCompleted", interrupt });
  if (first) raise(turn, "invalidation");
  return { kind: "wait" };
}

/**
 * Executes a descriptor whose type the unit knows and whose reserved bits are clear.
 *
 * Reading: a page stream response reaches nobody: no device of the model asks for one.
 */
function executeDescriptor(turn: Turn, type: number, descriptor: bigint): DescriptorResult {
  const low = BigInt.asUintN(128, descriptor);
  if (type === descriptorTypes.wait) return wait(turn, low);
  if (type === descriptorTypes.pageStreamResponse) return done;
  if (type !== descriptorTypes.pageGroupResponse) {
    return invalidate(turn, guestIn(turn).profile.ecs ? extendedScopeOf(low) : scopeOf(low));
  }
  answerPageGroup(turn, low);
  return done;
}

const iqeCodes = Iqercd.fields.iqei.names;

const tailOf = (guest: Guest): number => Number(stored(guest, at.iqt));

/** Tells the chart, which answers by what the queue is now. */
function step(turn: Turn, stimulus: QueueStimulus): void {
  const { queue } = guestIn(turn);
  advance(turn, chart, queue.state, stimulus, queue);
}

/**
 * The descriptor at the head, or `undefined` when it cannot be read. The queue is always snooped,
 * also where walks are not coherent.
 */
function fetchDescriptor(guest: Guest, { base, step: bytes }: QueueGeometry): bigint | undefined {
  const { head } = guest.queue;
  const gfn = pageOf(base) + (head >>> 12);
  if (!readable(guest.p2m, gfn)) return undefined;
  return wordsIn(pageAsWritten(guest.memory, gfn), head & 0xfff, bytes / 8);
}

const invalid = (iqei: number): DescriptorResult => ({ kind: "failed", iqei });

const modes = Rtaddr.fields.ttm.names;

/** Whether the unit has the mode of the tables that the latched root pointer says. */
function hasMode({ profile }: Guest, mode: number): boolean {
  if (mode === modes.scalable) return profile.smts;
  if (mode === modes.extended) return profile.ecs;
  return mode === modes.legacy || (mode === modes.abort && profile.abortDma);
}

/**
 * Why a queue of descriptors of a width cannot work in the mode that the latched root pointer says,
 * or `undefined`.
 *
 * Reading: both are found when a descriptor is fetched, before its type is looked at, whether or
 * not translation is on.
 */
function modeError(guest: Guest, width: 128 | 256): number | undefined {
  const mode = tableModeOf(guest);
  if (!hasMode(guest, mode)) return iqeCodes.mode;
  return width === 128 && mode === modes.scalable ? iqeCodes.width : undefined;
}

/**
 * Checks a descriptor and executes it. Order of checks: the mode, the type, reserved bits, then
 * what its type asks for.
 */
function execute(turn: Turn, descriptor: bigint, width: 128 | 256): DescriptorResult {
  const { profile } = guestIn(turn);
  const wrong = modeError(guestIn(turn), width);
  if (wrong !== undefined) return invalid(wrong);
  const { ecs } = profile;
  const type = ecs ? extendedType(descriptor) : descriptorType(descriptor);
  const spec = (ecs ? extendedDescriptors : descriptors).get(type);
  if (spec === undefined || !spec.supported(profile) || spec.width > width) {
    return invalid(iqeCodes.type);
  }
  // Legacy mode has no PASIDs, and no requests for pages.
  if (spec.width === 256 && tableModeOf(guestIn(turn)) === modes.legacy)
    return invalid(iqeCodes.type);
  const reserved = ecs
    ? extendedReserved(spec, profile, width)
    : descriptorReserved(type, profile, width);
  if ((descriptor & reserved) !== 0n) {
    return invalid(iqeCodes.reserved);
  }
  return executeDescriptor(turn, type, descriptor);
}

/**
 * What may set an error of the queue, which is a condition of FSTS: that raises the fault event, if
 * none was set before.
 */
function stepRaising(turn: Turn, stimulus: QueueStimulus): void {
  const { faults, queue, pageRequests, profile } = guestIn(turn);
  step(turn, stimulus);
  if (guestIn(turn).queue.errors === queue.errors) return;
  if (!anyCondition({ faults, queue, pageRequests, profile })) raise(turn, "fault");
}

/** Fetches and executes the descriptor at the head, if it is not the tail. */
function stepQueue(turn: Turn): void {
  step(turn, { type: "Next", tail: tailOf(guestIn(turn)) });
  const guest = guestIn(turn);
  if (guest.queue.state !== "fetching") return;
  const place = queueGeometry(guest.queue.address);
  const descriptor = fetchDescriptor(guest, place);
  const wide = guest.profile.smts || guest.profile.abortDma;
  stepRaising(turn, { type: "Fetched", wide, descriptor });
  if (descriptor === undefined || guestIn(turn).queue.state !== "fetching") return;
  const outcome = execute(turn, descriptor, place.step === 32 ? 256 : 128);
  if (outcome.kind === "failed") {
    stepRaising(turn, { type: "Refused", iqei: outcome.iqei });
  } else if (outcome.kind === "mustWait") step(turn, { type: "MustWait" });
  else step(turn, { type: "Executed", wait: outcome.kind === "wait" });
}

function run(turn: Turn): void {
  while (guestIn(turn).queue.state === "fetching") stepQueue(turn);
}

/** Starts the queue if it has work; a tail that cannot be halts it. */
export function kickQueue(turn: Turn): void {
  const guest = guestIn(turn);
  stepRaising(turn, { type: "TailMoved", tail: tailOf(guest) });
  run(turn);
}

/** Software wrote IQA, which is locked while the queue is enabled. */
export function writeQueueAddress(turn: Turn, value: bigint): void {
  const was = stored(guestIn(turn), at.iqa);
  step(turn, { type: "SetAddress", offset: at.iqa, value, was });
}

/** GCMD.QIE went to 1: the queue's place is latched from IQA, its head is 0. */
export function enableQueue(turn: Turn): void {
  step(turn, { type: "Enable", value: stored(guestIn(turn), at.iqa) });
  kickQueue(turn);
}

/**
 * GCMD.QIE went to 0: legal once the head has reached the tail and the last descriptor was a wait.
 */
export const disableQueue = (turn: Turn): void =>
  step(turn, { type: "Disable", tail: tailOf(guestIn(turn)) });

/** Software cleared an error bit in FSTS. */
export const clearQueueError = (turn: Turn, error: QueueError): void =>
  step(turn, { type: "ErrorCleared", error });

/**
 * A device answered a device-TLB invalidation; an answer that nobody waits for, or a failure, is an
 * ICE. The queue goes on as after any other answer. A unit without device TLBs has no ICE.
 */
export function deviceTlbAnswered(turn: Turn, device: SourceId, result: "done" | "failed"): void {
  if (!guestIn(turn).profile.deviceTlb) return;
  const expected = takeAnswer(turn, device, result);
  if (!expected || result === "failed") stepRaising(turn, { type: "WrongAnswer", source: device });
  if (expected) resume(turn);
}

/** Goes on with a wait descriptor once no device owes an answer. */
export function resume(turn: Turn): void {
  if (guestIn(turn).queue.state !== "draining") return;
  step(turn, { type: "Answered" });
  if (guestIn(turn).queue.state !== "fetching") return;
  // Software may have moved the tail to where it cannot be while the queue waited.
  kickQueue(turn);
}

/**
 * The time for answers ran out: what waits is aborted, the head moves past it, and the queue halts
 * with ITE. What the devices hold stays in them: Linux and Xen put those into quarantine.
 */
export const giveUp = (turn: Turn): void => stepRaising(turn, { type: "GivenUp" });
