import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import { keepingOut } from "../../machines/host/keeping-out.ts";
import type { Device } from "../../projections/device/devices.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { isKeptOut, keepingOutOf } from "../../projections/host/kept-out.ts";
import { answerOf } from "../device/answer-request.ts";
import { entryOf } from "../device/dma.ts";
import { drain } from "../device/in-flight.ts";
import { faultOf } from "../device/page-answer.ts";
import { raising, reportFault } from "../fault/fault.ts";
import { isProtected } from "../memory/protected-memory.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn, record, refuse } from "../turn.ts";

type HostFault = InputOf<"HostFault">;

/** The physical device that the host speaks of; the input is refused where there is none. */
function physicalDevice(turn: Turn, what: string, source: number): Device | undefined {
  const device = deviceAt(guestIn(turn), source);
  if (device?.physical === true) return device;
  const why = device === undefined ? "there is no such device" : "the device is emulated";
  refuse(turn, `${what}: ${why}`);
  return undefined;
}

/**
 * The reason that the guest's own entries and tables give for a fault of the host's hardware: 0
 * where they allow the access by now, -1 where it is the host's affair.
 */
function guestReason(turn: Turn, fault: HostFault, entry: HostEntry | undefined): number {
  const guest = guestIn(turn);
  if (entry === undefined || entry.state === "refused") return -1;
  const isStage = entry.state === "nested";
  if (entry.state !== "blocked" && (fault.reason === "firstStage") !== isStage) {
    // What lies below a first stage is the host's; where there is none by now it cannot fault.
    return isStage ? -1 : 0;
  }
  const page = pageOf(fault.iova);
  const { access, pasid } = fault;
  const asked = pasid === undefined ? { access } : { access, pasid };
  const found = faultOf(answerOf(guest, entry, page, asked).given, access === "write");
  return found === 0 && entry.state === "passThrough" && isProtected(guest, page) ? -1 : found;
}

/** Whose affair a fault is. */
function whose(reason: number): FactOf<"HostFaultRelayed">["to"] {
  if (reason === 0) return "nobody";
  return reason < 0 ? "host" : "guest";
}

/**
 * The host's hardware met a fault. The guest is told as if its own unit had met it: with the reason
 * that its tables give, recorded, collapsed, suppressed or dropped as any other. Those that were
 * lost before it are an overflow of its records.
 *
 * Reading: a fault that the guest's tables do not explain any more is told to nobody: it has
 * announced a change while the fault was on its way.
 */
export function hostFault(turn: Turn, input: HostFault): void {
  const device = physicalDevice(turn, "host fault", input.device);
  if (device === undefined) return;
  const { requester: source } = device;
  const { pasid, iova, access, lost = 0 } = input;
  const rights = pasid === undefined ? {} : { pasid };
  const isOut = isKeptOut(guestIn(turn), source, pasid);
  const entry = isOut ? undefined : entryOf(turn, source, pasid);
  const reason = guestReason(turn, input, entry);
  const request = { device: input.device, iova, access, ...rights };
  const missed = lost === 0 ? {} : { lost };
  record(turn, { type: "HostFaultRelayed", ...request, to: whose(reason), ...missed });
  if (lost > 0) noteLost(turn);
  if (reason <= 0 || entry === undefined) return;
  reportFault(turn, { source, reason, page: pageOf(iova), access, fpd: entry.fpd, rights });
}

const noteLost = (turn: Turn): void =>
  raising(turn, () => {
    const { faults } = guestIn(turn);
    advance(turn, faultRecording, faults.state, { type: "Lost" }, faults);
  });

/**
 * The last call for a requester did not succeed: what is in flight of its requests has landed, and
 * from now on all of them are blocked.
 */
export function hostCallFailed(turn: Turn, input: InputOf<"HostCallFailed">): void {
  const { pasid, result } = input;
  const device = physicalDevice(turn, "host call failed", input.device);
  if (device === undefined) return;
  const source = device.requester;
  drain(turn, (flight) => {
    const requester = deviceAt(guestIn(turn), flight.device)?.requester;
    return requester === source && flight.pasid === pasid;
  });
  const whom = { source, ...(pasid === undefined ? {} : { pasid }), result };
  const state = keepingOutOf(guestIn(turn), source, pasid);
  advance(turn, keepingOut, state, { type: "Fail", whose: whom });
}

/** Somebody has looked after a requester that was kept out: what the guest says holds again. */
export function hostRelease(turn: Turn, input: InputOf<"HostRelease">): void {
  const { pasid } = input;
  const device = physicalDevice(turn, "host release", input.device);
  if (device === undefined) return;
  const source = device.requester;
  const whom = { source, ...(pasid === undefined ? {} : { pasid }) };
  const state = keepingOutOf(guestIn(turn), source, pasid);
  advance(turn, keepingOut, state, { type: "Release", whose: whom });
}

/** A migration begins or ends: the host notes which pages devices write, or no longer. */
export function trackDirty(turn: Turn, { enabled }: InputOf<"DirtyTracking">): void {
  if (guestIn(turn).dirtyTracking === enabled) return;
  record(turn, { type: enabled ? "DirtyTrackingBegun" : "DirtyTrackingEnded" });
}
