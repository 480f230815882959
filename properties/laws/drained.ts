import { formatSourceId, hex, pageOf } from "../../events/address.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest, InFlight } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadows.ts";
import type { AnyInvalidation } from "./first-invalidated.ts";
import { coveredFirst } from "./first-invalidated.ts";
import { coveredPages } from "./invalidated.ts";
import type { Law } from "./law.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** Whether an invalidation covers the translation that a request in flight used. */
function isCovered(guest: Guest, flight: InFlight, fact: AnyInvalidation): boolean {
  // What a device's own TLB translated is that TLB's affair.
  if (flight.translated) return false;
  const page = pageOf(flight.iova);
  const stage = flight.space === undefined ? undefined : guest.spaces[flight.space];
  const did = domainOf(guest, flight);
  let range = stage && coveredFirst(fact, stage);
  if (stage === undefined && did !== undefined && fact.type === "IotlbInvalidated") {
    range = coveredPages(fact, did);
  }
  return range !== undefined && page >= range[0] && page < range[1];
}

/** The domain-id whose second-stage translation a request in flight used. */
function domainOf(guest: Guest, flight: InFlight): number | undefined {
  if (flight.shadow !== undefined) return shadowAt(guest, flight.shadow)?.did;
  const requester = deviceAt(guest, flight.device)?.requester;
  const entry = requester === undefined ? undefined : hostAt(guest.hosts, requester, flight.pasid);
  return entry?.state === "virtual" ? entry.did : undefined;
}

export const nothingInFlight: Law = {
  id: "IV4",
  says:
    "When a wait completes, no device owes an answer and no DMA that an invalidation covered " +
    "is in flight.",
  sometimes: ["flight was covered", "flight goes on"],
  check(run, count) {
    const covered = new Set<string>();
    for (const { fact, before, after, seq } of momentsOf(run)) {
      if (fact === undefined) continue;
      const index = guestIndex(fact);
      const guest = after.guests[index];
      if (guest === undefined) continue;
      const flights = Object.entries(guest.inFlight);
      if (fact.type === "DmaTranslated") covered.delete(`${index}:${fact.tag ?? ""}`);
      if (fact.type === "IotlbInvalidated" || fact.type === "PasidIotlbInvalidated") {
        const was = before.guests[index] ?? guest;
        if (flights.length > 0) count("flight goes on");
        for (const [tag, flight] of flights) {
          if (isCovered(was, flight, fact)) covered.add(`${index}:${tag}`);
        }
      }
      if (fact.type === "DmaLanded" && fact.tag !== undefined) count("flight was covered");
      if (fact.type !== "WaitCompleted") continue;
      const [owing] = guest.queue.unanswered;
      if (owing !== undefined) {
        return { law: "IV4", seq, text: `${formatSourceId(owing.device)} owes an answer` };
      }
      const left = flights.find(([tag]) => covered.has(`${index}:${tag}`));
      if (left === undefined) continue;
      const [, flight] = left;
      const text = `${formatSourceId(flight.device)} at ${hex(flight.iova)} is still in flight`;
      return { law: "IV4", seq, text };
    }
    return undefined;
  },
};
