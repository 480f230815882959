import type { SourceId } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import { descriptorReserved, descriptors, descriptorType } from "../../events/queue/descriptor.ts";
import { Iqa } from "../../events/registers/queue.ts";
import { queue } from "../../machines/queue/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored } from "../../projections/registers/register-file.ts";
import { at } from "../../projections/registers/registers.ts";
import { pageAt, wordIn } from "../../tables/memory.ts";
import { readable } from "../../tables/p2m.ts";
import { takeAnswer } from "../device/device-tlb.ts";
import { raising } from "../fault/fault.ts";
import type { Turn } from "../turn.ts";
import { advanceChart, guestIn, record } from "../turn.ts";
import type { Outcome } from "./descriptor.ts";
import { executeDescriptor } from "./descriptor.ts";

/** Base, length and descriptor size in bytes of the queue in IQA. */
interface Geometry {
  readonly base: bigint;
  readonly bytes: number;
  readonly step: 16 | 32;
}

function geometry(guest: Guest): Geometry {
  const { qs, dw, iqa } = Iqa.decode(guest.queue.address);
  return { base: iqa, bytes: 4096 * 2 ** qs, step: dw ? 32 : 16 };
}

const tailOf = (guest: Guest): number => Number(stored(guest, at.iqt));

/** IQE codes: EDC's register reference and, for a tail that is not aligned, VT-d 3.x. */
const iqei = { tail: 1, fetch: 2, type: 3, reserved: 4, width: 5, alignment: 6 } as const;

const invalid = (code: number): Outcome => ({ kind: "failed", error: "IQE", iqei: code });

/** Why the tail cannot be, or `undefined`. */
function tailError({ bytes, step }: Geometry, tail: number): number | undefined {
  if (tail >= bytes) return iqei.tail;
  return tail % step === 0 ? undefined : iqei.alignment;
}

/**
 * The descriptor at the head, or `undefined` when it cannot be read.
 *
 * Reading: without coherent walks (ECAP.C=0) descriptors too are seen once they are flushed.
 */
function fetchDescriptor(guest: Guest, { base, step }: Geometry): bigint | undefined {
  const address = base + BigInt(guest.queue.head);
  const gfn = pageOf(address);
  if (!readable(guest.p2m, gfn)) return undefined;
  const page = pageAt(guest.memory, gfn);
  const offset = Number(address & 0xfffn);
  let descriptor = 0n;
  for (let word = 0; word < step / 8; word++) {
    descriptor |= wordIn(page, offset + word * 8) << BigInt(word * 64);
  }
  return descriptor;
}

/**
 * Checks a descriptor and executes it. Order of checks: type, reserved bits, then what its type
 * asks for.
 */
function execute(turn: Turn, descriptor: bigint, width: 128 | 256): Outcome {
  const { profile } = guestIn(turn);
  const type = descriptorType(descriptor);
  const spec = descriptors.get(type);
  if (spec === undefined || !spec.supported(profile) || spec.width > width) {
    return invalid(iqei.type);
  }
  if ((descriptor & descriptorReserved(type, profile, width)) !== 0n) {
    return invalid(iqei.reserved);
  }
  return executeDescriptor(turn, type, descriptor);
}

function fail(turn: Turn, error: "IQE" | "ICE" | "ITE", code: number, source?: SourceId): void {
  raising(turn, () => {
    const state = guestIn(turn).charts.queue;
    advanceChart(turn, queue, state, { type: "Failed", error, iqei: code, source });
  });
}

/** Fetches and executes the descriptor at the head. */
function stepQueue(turn: Turn): void {
  const guest = guestIn(turn);
  const place = geometry(guest);
  const { head } = guest.queue;
  if (head === tailOf(guest)) {
    advanceChart(turn, queue, "fetching", { type: "Emptied" });
    return;
  }
  if (place.step === 32 && !guest.profile.smts) {
    fail(turn, "IQE", iqei.width);
    return;
  }
  const descriptor = fetchDescriptor(guest, place);
  if (descriptor === undefined) {
    fail(turn, "IQE", iqei.fetch);
    return;
  }
  record(turn, { type: "DescriptorFetched", head, descriptor });
  const outcome = execute(turn, descriptor, place.step === 32 ? 256 : 128);
  const next = (head + place.step) % place.bytes;
  if (outcome.kind === "failed") fail(turn, outcome.error, outcome.iqei);
  else if (outcome.kind === "mustWait") advanceChart(turn, queue, "fetching", { type: "MustWait" });
  else {
    const wait = outcome.kind === "wait";
    advanceChart(turn, queue, "fetching", { type: "Executed", head: next, wait });
  }
}

function run(turn: Turn): void {
  while (guestIn(turn).charts.queue === "fetching") stepQueue(turn);
}

/** Starts the queue if it has work; a tail that cannot be halts it. */
export function kickQueue(turn: Turn): void {
  const guest = guestIn(turn);
  if (guest.charts.queue !== "idle") return;
  const error = tailError(geometry(guest), tailOf(guest));
  if (error !== undefined) {
    fail(turn, "IQE", error);
    return;
  }
  const hasWork = guest.queue.head !== tailOf(guest);
  advanceChart(turn, queue, "idle", { type: "TailMoved", hasWork });
  run(turn);
}

/** GCMD.QIE went to 1: the queue's place is latched from IQA, its head is 0. */
export function enableQueue(turn: Turn): void {
  const guest = guestIn(turn);
  const value = stored(guest, at.iqa);
  advanceChart(turn, queue, guest.charts.queue, { type: "Enable", value });
  kickQueue(turn);
}

/**
 * GCMD.QIE went to 0: legal once the head has reached the tail and the last descriptor was a wait.
 */
export function disableQueue(turn: Turn): void {
  const guest = guestIn(turn);
  const mayDisable = guest.queue.head === tailOf(guest) && guest.queue.lastWasWait;
  advanceChart(turn, queue, guest.charts.queue, { type: "Disable", mayDisable });
}

/** Software cleared an error bit in FSTS. */
export function clearQueueError(turn: Turn, error: "IQE" | "ICE" | "ITE"): void {
  const { faults } = guestIn(turn);
  const isSet = error === "IQE" ? faults.iqe : error === "ICE" ? faults.ice : faults.ite;
  if (!isSet) return;
  record(turn, { type: "QueueErrorCleared", error });
  const left = guestIn(turn).faults;
  const anyLeft = left.iqe || left.ice || left.ite;
  const state = guestIn(turn).charts.queue;
  advanceChart(turn, queue, state, { type: "ErrorCleared", anyLeft });
}

/**
 * A device answered a device-TLB invalidation; an answer that nobody waits for, or a failure, is an
 * ICE.
 */
export function deviceTlbAnswered(turn: Turn, device: SourceId, result: "done" | "failed"): void {
  const expected = takeAnswer(turn, device, result);
  if (!expected || result === "failed") {
    if (guestIn(turn).charts.queue !== "disabled") fail(turn, "ICE", 0, device);
    return;
  }
  resume(turn);
}

/** Goes on with a wait descriptor once no device owes an answer. */
export function resume(turn: Turn): void {
  const { charts, queue: pending } = guestIn(turn);
  if (charts.queue !== "draining") return;
  const allAnswered = pending.unanswered.length === 0;
  advanceChart(turn, queue, "draining", { type: "Answered", allAnswered });
  const guest = guestIn(turn);
  // Software may have moved the tail to where it cannot be while the queue waited.
  const error = tailError(geometry(guest), tailOf(guest));
  if (guest.charts.queue !== "fetching" || error === undefined) run(turn);
  else fail(turn, "IQE", error);
}

/**
 * The time for answers ran out: what waits is aborted, the head moves past it, and the queue halts
 * with ITE. What the devices hold stays in them: Linux and Xen put those into quarantine.
 */
export function giveUp(turn: Turn): void {
  const guest = guestIn(turn);
  if (guest.queue.unanswered.length === 0) return;
  const { bytes, step } = geometry(guest);
  const head = (guest.queue.head + step) % bytes;
  const source = guest.queue.unanswered[0]?.device;
  raising(turn, () =>
    advanceChart(turn, queue, guest.charts.queue, { type: "GivenUp", source, head }),
  );
}
