import { everyPage } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { pagesForgotten, tlbAt } from "../device/device-tlb.ts";
import { devicesBehind } from "../device/devices.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { hostsAfter } from "./host-entry.ts";
import type { KeptOutFact } from "./kept-out.ts";
import { keptOutAfter } from "./kept-out.ts";

type HostFact = FactOf<"HostEntryChanged"> | FactOf<"HostEntryDropped">;

function moveHost(guest: Draft<Guest>, fact: HostFact): void {
  guest.hosts = hostsAfter(guest.hosts, fact);
}

function moveKeptOut(guest: Draft<Guest>, fact: KeptOutFact): void {
  guest.keptOut = keptOutAfter(guest.keptOut, fact);
}

/** A requester that is attached to nothing: what its devices held of translations is gone. */
function keepOut(guest: Draft<Guest>, fact: FactOf<"DeviceKeptOut">): void {
  moveKeptOut(guest, fact);
  for (const { source: device } of devicesBehind(guest, fact.source)) {
    const tlb = tlbAt(guest.deviceTlbs, device, fact.pasid);
    if (tlb !== undefined) {
      guest.deviceTlbs = pagesForgotten(guest.deviceTlbs, tlb, everyPage);
    }
  }
}

/** What facts about the host's own entries do. */
export const hostEvolvers: Evolvers = {
  DeviceKeptOut: keepOut,
  DeviceLetIn: moveKeptOut,
  DirtyTrackingBegun: (guest) => {
    guest.dirtyTracking = true;
  },
  DirtyTrackingEnded: (guest) => {
    guest.dirtyTracking = false;
  },
  HostEntryChanged: moveHost,
  HostEntryDropped: moveHost,
};
