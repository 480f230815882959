import { deviceBehind } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import type { Call, Requester } from "./call.ts";
import { p2mSpace, shadowSpace, tableNumber } from "./host-number.ts";
import { requesterOf, spaceBelow, stageOf } from "./requester-target.ts";

/** The space that an entry's requests reach in the end, whoever keeps them from it. */
function spaceOf(guest: Guest, entry: HostEntry): number | undefined {
  if (entry.state === "passThrough") return p2mSpace(guest);
  const stage = stageOf(guest, entry);
  if (stage !== undefined) return spaceBelow(guest, stage);
  return entry.state === "shadowed" && entry.shadow !== undefined
    ? shadowSpace(guest, entry.shadow)
    : undefined;
}

function tableOf(guest: Guest, entry: HostEntry): number | undefined {
  const stage = stageOf(guest, entry);
  return stage && tableNumber(guest, stage.id, entry);
}

/** The requesters that a call is about: itself, or all that the object leads to memory. */
export function concerned(guest: Guest, call: Call): readonly Requester[] {
  if ("requester" in call) return [call.requester];
  const isConcerned = (entry: HostEntry): boolean => {
    if (deviceBehind(guest, entry.source)?.physical !== true) return false;
    return "table" in call
      ? tableOf(guest, entry) === call.table
      : spaceOf(guest, entry) === call.space;
  };
  return hostsWhere(guest.hosts, isConcerned).map(requesterOf);
}
