import { gpaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { profileOf } from "../../events/profile/profile.ts";
import { ProfileError } from "../../events/profile/profile-check.ts";
import { pagesOfSize, sizeCode, sizeName } from "../../tables/mapping.ts";
import { noDeviceTlbs } from "../device/device-tlb.ts";
import { remembered } from "../device/evolve-request.ts";
import type { Guest } from "../guest.ts";
import { hostAt } from "../host/host-entry.ts";
import { noPageRequests } from "../page-request/page-requests.ts";
import { restoreGuest } from "./save-record.ts";
import { RecordError } from "./save-text.ts";

/** The profile of some words: the one that the set-up offers where they are its own. */
function profileFrom(offered: Profile, { ver, cap, ecap }: FactOf<"UnitCreated">): Profile {
  const same = ver === offered.ver && cap === offered.cap && ecap === offered.ecap;
  if (same) return offered;
  try {
    return profileOf({ ver, cap, ecap, haw: offered.haw });
  } catch (error) {
    if (error instanceof ProfileError) return offered;
    throw error;
  }
}

/** A guest that is about to have a unit with the fact's base and capabilities. */
export const unitCreated = (guest: Guest, fact: FactOf<"UnitCreated">): Guest => ({
  ...guest,
  profile: profileFrom(guest.offered, fact),
  base: fact.base,
});

/**
 * A guest whose unit was just reset, without it: the host has taken translation requests and page
 * requests from its devices.
 */
export const unitDestroyed = (guest: Guest): Guest => ({
  ...guest,
  deviceTlbs: noDeviceTlbs,
  pageRequests: noPageRequests,
  profile: guest.offered,
});

/** The unit as a record has it; one that cannot be changes nothing. */
export function unitRestored(guest: Guest, fact: FactOf<"UnitRestored">): Guest {
  try {
    return restoreGuest(guest, fact.record);
  } catch (error) {
    if (error instanceof RecordError) return guest;
    throw error;
  }
}

/** A device's model was told a page; it may go on using it until an invalidation covers it. */
export function deviceTold(
  guest: Guest,
  fact: FactOf<"DeviceTranslationAnswered">,
  seq: number,
): Guest {
  const requester = guest.devices[fact.device]?.requester ?? -1;
  const host = hostAt(guest.hosts, requester, fact.pasid);
  if (host?.state !== "virtual" || fact.gpa === undefined) return guest;
  const size = sizeCode(fact.size ?? "4K");
  const within = pageOf(fact.iova) % (pagesOfSize[size] as number);
  const address = gpaOfPage(pageOf(fact.gpa) + within);
  return remembered(guest, { ...fact, gpa: address, size: sizeName(size) }, seq);
}
