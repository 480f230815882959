import type { FactOf } from "../../events/fact.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { hostsWhere, withoutHost } from "../host/host-entry.ts";
import { withoutGroupsOf } from "../page-request/page-requests.ts";
import { answerHeld, askedPages, pagesForgotten, tlbAt, withoutTlbsOf } from "./device-tlb.ts";
import type { Device } from "./devices.ts";
import { deviceAt, deviceBehind, withDevice, withoutDevice } from "./devices.ts";
import { remembered } from "./evolve-request.ts";

/** A device has its answer; the unit remembers it as any translation that was used. */
function translationAnswered(
  guest: Guest,
  fact: FactOf<"TranslationAnswered">,
  seq: number,
): Guest {
  const device = deviceAt(guest, fact.device);
  const { size, read, write } = fact;
  if (device === undefined || size === undefined) return guest;
  const next = remembered(guest, { ...fact, size, read, write }, seq);
  return { ...next, deviceTlbs: answerHeld(next.deviceTlbs, !device.physical, fact) };
}

function hostFlushed(guest: Guest, fact: FactOf<"HostDeviceTlbFlushed">): Guest {
  const { device, pasid, iova, length } = fact;
  const tlb = tlbAt(guest.deviceTlbs, device, pasid);
  if (tlb === undefined) return guest;
  const range = askedPages({ device, pasid, global: false, iova, length });
  return { ...guest, deviceTlbs: pagesForgotten(guest.deviceTlbs, tlb, range) };
}

/** A device that is gone has no TLB, waits for nothing and owes no answer. */
const withoutDeviceSide = (guest: Guest, device: Device): Guest => ({
  ...guest,
  deviceTlbs: withoutTlbsOf(guest.deviceTlbs, device.source),
  pageRequests: withoutGroupsOf(guest.pageRequests, device.source),
});

function deviceAssigned(guest: Guest, fact: FactOf<"DeviceAssigned">): Guest {
  const { device: source, physical, alias: requester = source } = fact;
  return { ...guest, devices: withDevice(guest.devices, { source, physical, requester }) };
}

function deviceRemoved(guest: Guest, fact: FactOf<"DeviceRemoved">): Guest {
  const device = deviceAt(guest, fact.device);
  const unanswered = guest.queue.unanswered.filter((asked) => asked.device !== fact.device);
  const without = { ...guest, queue: { ...guest.queue, unanswered } };
  if (device === undefined) return without;
  const devices = withoutDevice(guest.devices, device);
  const next = withoutDeviceSide({ ...without, devices }, device);
  if (deviceBehind(next, device.requester) !== undefined) return next;
  const gone = hostsWhere(guest.hosts, ({ source }) => source === device.requester);
  return { ...next, hosts: gone.reduce(withoutHost, guest.hosts) };
}

/** What facts about devices and what they remember do. */
export const deviceEvolvers: Evolvers = {
  DeviceAssigned: deviceAssigned,
  DeviceRemoved: deviceRemoved,
  TranslationAnswered: translationAnswered,
  HostDeviceTlbFlushed: hostFlushed,
};
