import type { FactOf } from "../../events/fact.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { withoutGroupsOf } from "../page-request/page-requests.ts";
import { answerHeld, askedPages, pagesForgotten, tlbAt, withoutTlbsOf } from "./device-tlb.ts";
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

function hostFlushed(guest: Guest, fact: FactOf<"HostDeviceTlbFlushed">): Guest {
  const { device, pasid, iova, length } = fact;
  const tlb = tlbAt(guest.deviceTlbs, device, pasid);
  if (tlb === undefined) return guest;
  const range = askedPages({ device, pasid, global: false, iova, length });
  return { ...guest, deviceTlbs: pagesForgotten(guest.deviceTlbs, tlb, range) };
}

/** A device that is gone has no TLB, waits for nothing and owes no answer. */
export const withoutDeviceSide = (guest: Guest, device: Guest["devices"][number]): Guest => ({
  ...guest,
  deviceTlbs: withoutTlbsOf(guest.deviceTlbs, device.source),
  pageRequests: withoutGroupsOf(guest.pageRequests, device.source),
});

/** What facts about device TLBs do. */
export const deviceEvolvers: Evolvers = {
  TranslationAnswered: translationAnswered,
  HostDeviceTlbFlushed: hostFlushed,
};
