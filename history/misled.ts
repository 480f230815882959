import type { SourceId } from "../events/address.ts";
import { pageOf } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import { askOf } from "../hypervisor/device/rights.ts";
import type { Asked } from "../hypervisor/translate/guest-answer.ts";
import type { Ways } from "../hypervisor/translate/page-views.ts";
import { waysOf } from "../hypervisor/translate/page-views.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { frameOf } from "../tables/mapping.ts";
import { get } from "../tables/page-tree.ts";

/** What became of a DMA. */
export type Outcome = FactOf<"DmaTranslated"> | FactOf<"DmaBlocked">;

/** A DMA as a device asked for it. */
export interface Asking {
  readonly device: SourceId;
  readonly iova: bigint;
  readonly pasid?: number | undefined;
  readonly privileged?: boolean | undefined;
  readonly execute?: boolean | undefined;
}

/** What a DMA asked for, whose access is known by its outcome. */
export function askedBy({ pasid, privileged, execute }: Asking, { access }: Outcome): Asked {
  const write = access === "write";
  const asks = { ...(privileged && { privileged }), ...(execute && !write && { execute }) };
  return { ...askOf(asks, write), pasid };
}

/** Whether the outcome of a DMA is another than the one of its tables as they are. */
function differs(outcome: Outcome, ways: Ways): boolean {
  const write = outcome.access === "write";
  const allowed = faultOf(ways.walked, write) === 0;
  if (outcome.type === "DmaBlocked") return outcome.reason !== undefined && allowed;
  if (!allowed) return true;
  if (outcome.gpa !== undefined) return ways.walked.gfn !== pageOf(outcome.gpa);
  if (outcome.hpa === undefined || faultOf(ways.composed, write) !== 0) return false;
  return frameOf(ways.composed.mapping) !== pageOf(outcome.hpa);
}

/** The host entry that a DMA meets. */
export function hostMet(guest: Guest, { device, pasid }: Asking): HostEntry | undefined {
  const requester = deviceAt(guest, device)?.requester ?? device;
  return hostAt(guest.hosts, requester, pasid);
}

/** Whether something on the way of a DMA may be kept as the tables no longer have it. */
function mayDiffer(guest: Guest, host: HostEntry, page: number): boolean {
  if (host.pending !== 0 || host.pasidPending !== 0) return true;
  // What is kept of first stages, and by device models, has no marks.
  if (host.state === "nested" || host.state === "virtual") return true;
  const shadow = host.state === "shadowed" ? shadowAt(guest, host.shadow) : undefined;
  return shadow !== undefined && get(shadow.pending, page) !== 0;
}

/**
 * What the tables say of a DMA that went elsewhere, or was refused though they allow it;
 * `undefined` for one that went as they say.
 *
 * @param guest  as the DMA met it.
 */
export function misledBy(guest: Guest, asking: Asking, outcome: Outcome): Ways | undefined {
  if (guest.charts.translation !== "enabled") return undefined;
  const host = hostMet(guest, asking);
  const page = pageOf(asking.iova);
  if (host === undefined || !mayDiffer(guest, host, page)) return undefined;
  const ways = waysOf(guest, asking.device, page, askedBy(asking, outcome));
  return differs(outcome, ways) ? ways : undefined;
}
