import { pageOf } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { heldAt, tlbAt } from "../../projections/device/device-tlb.ts";
import { deviceAt } from "../../projections/device/devices.ts";
import { behindP2m, frameOf, ok, readCode, writeCode } from "../../tables/mapping.ts";
import { get } from "../../tables/page-tree.ts";
import { reportFault } from "../fault/fault.ts";
import type { Turn } from "../turn.ts";
import { guestIn, refuse } from "../turn.ts";
import type { Dma } from "./dma.ts";
import { admit, block, entryOf, isInterrupt, pass } from "./dma.ts";
import { answered } from "./page-answer.ts";
import { askOf, rightsOf } from "./rights.ts";
import { contextFault } from "./translation-request.ts";

/** What the device's TLB says of the page for one access; 0 for nothing. */
function held(turn: Turn, dma: Dma, access: Access): number {
  if (dma.pasid === undefined && isInterrupt(dma.iova)) return 0;
  const tlb = tlbAt(guestIn(turn).deviceTlbs, dma.device, dma.pasid);
  return heldAt(tlb, pageOf(dma.iova), askOf(dma, access === "write"));
}

/** Sends a request on to where the TLB says; guest pages of emulated devices are behind the P2M. */
function send(turn: Turn, dma: Dma, access: Access, mapping: number): void {
  const guest = guestIn(turn);
  if (deviceAt(guest, dma.device)?.physical === true) {
    pass(turn, dma, access, answered(mapping, undefined, false));
    return;
  }
  const gfn = frameOf(mapping);
  const reached = behindP2m(mapping, get(guest.p2m, gfn));
  const isGranted = (access === "write" ? writeCode(reached) : readCode(reached)) === ok;
  if (isGranted) pass(turn, dma, access, answered(reached, gfn, false));
  else block(turn, dma, access, { host: "hole" });
}

/**
 * A DMA by what the device's own TLB holds. The unit only checks that the device may send such
 * requests at all.
 *
 * Reading: with translation off the unit blocks it and reports nothing: there is no entry that
 * allows it.
 */
export function requestTranslated(turn: Turn, dma: Dma): void {
  const device = admit(turn, dma);
  if (device === undefined) return;
  const reads = dma.access ?? (held(turn, dma, "read") === 0 ? "write" : "read");
  const access = dma.execute === true ? "read" : reads;
  const mapping = held(turn, dma, access);
  if (mapping === 0) {
    refuse(turn, "DMA: the device holds no translation of the page for this access");
    return;
  }
  if (guestIn(turn).charts.translation !== "enabled") {
    block(turn, dma, access, { host: "off" });
    return;
  }
  const entry = entryOf(turn, device.requester, dma.pasid);
  const fault = entry === undefined ? 0 : contextFault(guestIn(turn), entry);
  if (entry === undefined || fault !== 0) {
    block(turn, dma, access, entry === undefined ? { host: "unassigned" } : { reason: fault });
    if (entry === undefined) return;
    const rights = { ...rightsOf(dma), request: "translated" } as const;
    const place = { source: device.requester, page: pageOf(dma.iova), access };
    reportFault(turn, { ...place, reason: fault, fpd: entry.fpd, rights });
  } else if (entry.state === "refused") block(turn, dma, access, { host: "refused" });
  else send(turn, dma, access, mapping);
}
