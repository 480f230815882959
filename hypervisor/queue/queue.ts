import type { SourceId } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { QueueError } from "../../events/fact.ts";
import { reservedFor, specFor, typeFor } from "../../events/queue/extended-descriptors.ts";
import { Rtaddr } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import type { QueueGeometry } from "../../events/registers/queue.ts";
import { Iqercd, queueGeometry } from "../../events/registers/queue.ts";
import type { QueueStimulus } from "../../machines/queue/queue.ts";
import { queue as chart } from "../../machines/queue/queue.ts";
import { tableModeOf } from "../../projections/context/context-path.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored } from "../../projections/registers/register-file.ts";
import { pageAsWritten, wordsIn } from "../../tables/memory.ts";
import { readable } from "../../tables/p2m.ts";
import { takeAnswer } from "../device/device-tlb.ts";
import { raising } from "../fault/fault.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn } from "../turn.ts";
import type { DescriptorResult } from "./descriptor.ts";
import { executeDescriptor } from "./descriptor.ts";

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
  const type = typeFor(profile, descriptor);
  const spec = specFor(profile, type);
  if (spec === undefined || !spec.supported(profile) || spec.width > width) {
    return invalid(iqeCodes.type);
  }
  // Legacy mode has no PASIDs, and no requests for pages.
  if (spec.width === 256 && tableModeOf(guestIn(turn)) === modes.legacy)
    return invalid(iqeCodes.type);
  if ((descriptor & reservedFor(spec, profile, width)) !== 0n) {
    return invalid(iqeCodes.reserved);
  }
  return executeDescriptor(turn, type, descriptor);
}

/** What may halt the queue raises the fault event too. */
const stepRaising = (turn: Turn, stimulus: QueueStimulus): void =>
  raising(turn, () => step(turn, stimulus));

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
