import { faultReasons, reason } from "../../events/fault-reason.ts";
import type { Access } from "../../events/input.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostAt } from "../../projections/host-entry.ts";
import {
  frameOf,
  outcomeName,
  readCode,
  sizeName,
  sizeOf,
  writeCode,
} from "../../projections/mapping.ts";
import { get } from "../../projections/page-tree.ts";

/** What the host's entry and tables do with one access to one page; IOTLB and device TLBs aside. */
export type HostAnswer =
  | { readonly hfn: number; readonly size: string }
  | { readonly fault: number; readonly suppressed: boolean }
  | { readonly hole: true };

const reasons: Readonly<Record<string, number>> = {
  reserved: reason.tableReserved,
  access: reason.tableAccess,
  root: reason.contextInvalid,
  interrupt: reason.interruptRange,
};

/** What a mapping of a shadow or the P2M does with an access. */
function ofMapping(mapping: number, access: Access, fpd: boolean): HostAnswer {
  const outcome = outcomeName(access === "read" ? readCode(mapping) : writeCode(mapping));
  if (outcome === "ok") return { hfn: frameOf(mapping), size: sizeName(sizeOf(mapping)) };
  if (outcome === "hole") return { hole: true };
  const denied = access === "read" ? reason.readDenied : reason.writeDenied;
  return { fault: reasons[outcome] ?? denied, suppressed: fpd };
}

function ofP2m(guest: Guest, page: number, access: Access): HostAnswer {
  const answer = ofMapping(get(guest.p2m, page), access, false);
  return "fault" in answer ? { hole: true } : answer;
}

/**
 * What the physical IOMMU does for a request from its entry and tables alone.
 *
 * @returns `undefined` where it has no part: no entry, a virtual device, a device that is refused,
 * and an entry that faults without caching mode, which is read anew for every request.
 */
export function hostAnswer(
  guest: Guest,
  source: number,
  page: number,
  access: Access,
): HostAnswer | undefined {
  const entry = hostAt(guest.hosts, source, undefined);
  if (entry === undefined) return undefined;
  const { fpd } = entry;
  const { mgaw } = guest.profile;
  const enabled = guest.charts.translation === "enabled";
  const beyond = { fault: reason.beyondWidth, suppressed: fpd };
  switch (entry.state) {
    case "blocked": {
      if (!guest.profile.cachingMode) return undefined;
      const qualified = faultReasons.get(entry.reason)?.qualified === true;
      return { fault: entry.reason, suppressed: fpd && qualified };
    }
    case "passThrough":
      if (enabled && page >= 2 ** (mgaw - 12)) return beyond;
      return ofP2m(guest, page, access);
    case "shadowed": {
      const shadow = guest.shadows[entry.shadow ?? 0];
      if (shadow === undefined) return { fault: -1, suppressed: false };
      if (page >= 2 ** (Math.min(mgaw, 12 + 9 * shadow.levels) - 12)) return beyond;
      return ofMapping(get(shadow.host, page), access, fpd);
    }
    default:
      return undefined;
  }
}
