import type { Iova } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import { isExtended, isScalable } from "../../projections/context/context-path.ts";
import { heldAt, tlbAt } from "../../projections/device/device-tlb.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import type { World } from "../../projections/world.ts";
import { requestWorld } from "../device/request-world.ts";
import type { Asked } from "./guest-answer.ts";
import { waysOf } from "./page-views.ts";
import type { Translation, TranslationStep } from "./three-answers.ts";
import { inDevice, inGuest, inHost, nowhere } from "./three-answers.ts";

/** Why a request reads entries itself that does. */
function readsWhy(
  guest: Guest | undefined,
  source: number,
  { pasid }: Asked,
): NonNullable<Translation["reads"]> {
  const requester = deviceAt(guest, source)?.requester ?? source;
  const isKnown = guest !== undefined && hostAt(guest.hosts, requester, pasid) !== undefined;
  return isKnown ? "notKept" : "firstUse";
}

/**
 * Translates one address of one device three ways, uncached: by the guest's tables, by those and
 * then the P2M, by what the host keeps when such a request comes.
 *
 * @param index   of the guest.
 * @param source  of the device; one that is not there is walked under its own source-id.
 */
export function translate(
  world: World,
  index: number,
  source: number,
  iova: Iova,
  asked: Asked,
): Translation {
  const met = requestWorld(world, index, source, asked.pasid);
  const guest = met.guests[index];
  if (guest === undefined) return nowhere;
  const { write } = asked;
  const offset = iova & 0xfffn;
  const steps: TranslationStep[] = [];
  const ways = waysOf(guest, source, pageOf(iova), asked, steps);
  const tlb = tlbAt(guest.deviceTlbs, source, asked.pasid);
  const held = heldAt(tlb, pageOf(iova), asked);
  return {
    guest: inGuest(ways.walked, offset, write),
    composed: inHost(ways.composed, offset, write),
    shadow: ways.refused ? { refused: true } : inHost(ways.host, offset, write),
    deviceTlb: inDevice(held, tlb?.virtual === true, offset),
    pending: ways.since === 0 ? undefined : { since: ways.since },
    agree: ways.agree,
    reads: met === world ? undefined : readsWhy(world.guests[index], source, asked),
    scalable: guest.charts.translation === "enabled" && (isScalable(guest) || isExtended(guest)),
    steps,
  };
}
