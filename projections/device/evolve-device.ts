import type { FactOf } from "../../events/fact.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { hostsWhere, withoutHost } from "../host/host-entry.ts";
import { withoutSource } from "../host/kept-out.ts";
import { withoutGroupsOf } from "../page-request/page-requests.ts";
import { answerHeld, askedPages, pagesForgotten, tlbAt, withoutTlbsOf } from "./device-tlb.ts";
import { deviceAt, deviceBehind, withDevice, withoutDevice } from "./devices.ts";
import { rememberGiven } from "./evolve-request.ts";

/** A device has its answer; the unit remembers it as any translation that was used. */
function holdAnswer(guest: Draft<Guest>, fact: FactOf<"TranslationAnswered">, seq: number): void {
  const device = deviceAt(guest, fact.device);
  const { size, read, write } = fact;
  if (device === undefined || size === undefined) return;
  rememberGiven(guest, { ...fact, size, read, write }, seq);
  guest.deviceTlbs = answerHeld(guest.deviceTlbs, !device.physical, fact);
}

function flushTlb(guest: Draft<Guest>, fact: FactOf<"HostDeviceTlbFlushed">): void {
  const { device, pasid, iova, length } = fact;
  const tlb = tlbAt(guest.deviceTlbs, device, pasid);
  if (tlb === undefined) return;
  const range = askedPages({ device, pasid, global: false, iova, length });
  guest.deviceTlbs = pagesForgotten(guest.deviceTlbs, tlb, range);
}

function assignDevice(guest: Draft<Guest>, fact: FactOf<"DeviceAssigned">): void {
  const { device: source, physical, alias: requester = source } = fact;
  if (physical && guest.devices.physical === 0) guest.hostEpoch += 1;
  guest.devices = withDevice(guest.devices, { source, physical, requester });
}

/** A device that is gone has no TLB, waits for nothing and owes no answer. */
function removeDevice(guest: Draft<Guest>, fact: FactOf<"DeviceRemoved">): void {
  const device = deviceAt(guest, fact.device);
  const unanswered = guest.queue.unanswered.filter((asked) => asked.device !== fact.device);
  guest.queue = { ...guest.queue, unanswered };
  if (device === undefined) return;
  guest.devices = withoutDevice(guest.devices, device);
  guest.deviceTlbs = withoutTlbsOf(guest.deviceTlbs, device.source);
  guest.pageRequests = withoutGroupsOf(guest.pageRequests, device.source);
  if (deviceBehind(guest, device.requester) !== undefined) return;
  if (guest.keptOut.size > 0) guest.keptOut = withoutSource(guest.keptOut, device.requester);
  const gone = hostsWhere(guest.hosts, ({ source }) => source === device.requester);
  guest.hosts = gone.reduce(withoutHost, guest.hosts);
}

/** What facts about devices and what they remember do. */
export const deviceEvolvers: Evolvers = {
  DeviceAssigned: assignDevice,
  DeviceRemoved: removeDevice,
  TranslationAnswered: holdAnswer,
  HostDeviceTlbFlushed: flushTlb,
};
