import type { FactOf } from "../../events/fact.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { withGroup, withoutGroup, withoutGroupsOf } from "../page-request/page-requests.ts";
import { withValue } from "../registers/register-file.ts";
import { at } from "../registers/registers.ts";
import {
  answerHeld,
  askedPages,
  invalidationDone,
  pagesForgotten,
  tlbAt,
  withoutTlbsOf,
} from "./device-tlb.ts";
import { remembered } from "./evolve-request.ts";

/** A device has its answer; the unit remembers it as any translation that was used. */
function translationAnswered(
  guest: Guest,
  fact: FactOf<"TranslationAnswered">,
  seq: number,
): Guest {
  const device = guest.devices[fact.device];
  const { size, read, write } = fact;
  if (device === undefined || size === undefined) return guest;
  const next = remembered(guest, { ...fact, size, read, write }, seq);
  return { ...next, deviceTlbs: answerHeld(next.deviceTlbs, !device.physical, fact) };
}

const asked = (guest: Guest, fact: FactOf<"DeviceTlbInvalidated">): Guest => {
  const { device, pasid, iova, length } = fact;
  const one = { device, pasid, global: fact.global === true, iova, length };
  return { ...guest, queue: { ...guest.queue, unanswered: [...guest.queue.unanswered, one] } };
};

/** The device has forgotten what the first invalidation that it owed an answer to names. */
function answered(guest: Guest, { device, result }: FactOf<"DeviceTlbAnswered">): Guest {
  const { unanswered } = guest.queue;
  const index = unanswered.findIndex((one) => one.device === device);
  const done = unanswered[index];
  if (done === undefined) return guest;
  const next = { ...guest, queue: { ...guest.queue, unanswered: unanswered.toSpliced(index, 1) } };
  if (result === "failed") return next;
  return { ...next, deviceTlbs: invalidationDone(guest.deviceTlbs, done) };
}

function hostFlushed(guest: Guest, fact: FactOf<"HostDeviceTlbFlushed">): Guest {
  const { device, pasid, iova, length } = fact;
  const tlb = tlbAt(guest.deviceTlbs, device, pasid);
  if (tlb === undefined) return guest;
  const range = askedPages({ device, pasid, global: false, iova, length });
  return { ...guest, deviceTlbs: pagesForgotten(guest.deviceTlbs, tlb, range) };
}

const requested = (guest: Guest, fact: FactOf<"PageRequested">): Guest => {
  const { device, group, pasid, last } = fact;
  const state = last ? "awaiting" : "collecting";
  const pageRequests = withGroup(guest.pageRequests, { device, group, pasid, state });
  return { ...guest, pageRequests };
};

const queued = (guest: Guest, fact: FactOf<"PageRequestQueued">): Guest => ({
  ...guest,
  registers: withValue(guest.registers, at.pqt, BigInt(fact.tail)),
  pageRequests: { ...guest.pageRequests, pending: true },
});

/** PPR and PRO. */
const inStatus = (guest: Guest, status: { pending?: boolean; overflow?: boolean }): Guest => ({
  ...guest,
  pageRequests: { ...guest.pageRequests, ...status },
});

/** A device that is gone has no TLB, waits for nothing and owes no answer. */
export const withoutDeviceSide = (guest: Guest, device: Guest["devices"][number]): Guest => ({
  ...guest,
  deviceTlbs: withoutTlbsOf(guest.deviceTlbs, device.source),
  pageRequests: withoutGroupsOf(guest.pageRequests, device.source),
});

/** What facts about device TLBs and page requests do. */
export const deviceEvolvers: Evolvers = {
  TranslationAnswered: translationAnswered,
  DeviceTlbInvalidated: asked,
  DeviceTlbAnswered: answered,
  DeviceTlbsGivenUp: (guest) => ({ ...guest, queue: { ...guest.queue, unanswered: [] } }),
  HostDeviceTlbFlushed: hostFlushed,

  PageRequested: requested,
  PageRequestQueued: queued,
  PageRequestsOverflowed: (guest) => inStatus(guest, { overflow: true }),
  PageRequestsCleared: (guest) => inStatus(guest, { pending: false }),
  PageRequestOverflowCleared: (guest) => inStatus(guest, { overflow: false }),
  PageGroupAnswered: (guest, { device, group }) => ({
    ...guest,
    pageRequests: withoutGroup(guest.pageRequests, device, group),
  }),
};
