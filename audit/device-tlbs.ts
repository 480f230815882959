import type { SourceId } from "../events/address.ts";
import { formatSourceId, hex, iovaOfPage, isWithin, pageOf } from "../events/address.ts";
import type { Told, ToldBefore } from "../history/told.ts";
import { faultOf } from "../hypervisor/device/page-answer.ts";
import type { Asked } from "../hypervisor/translate/guest-answer.ts";
import { waysOf } from "../hypervisor/translate/page-views.ts";
import type { DeviceTlb } from "../projections/device/device-tlb.ts";
import { askedPages, asksFor, baseOf, tlbsWhere } from "../projections/device/device-tlb.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { coveredOfPasid, coveredRange } from "../projections/queue/evolve-queue.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { frameOf, ok, readCode, writeCode } from "../tables/mapping.ts";
import { capacity, get } from "../tables/page-tree.ts";
import { forEachRun } from "../tables/page-tree-range.ts";
import { startDeviceOrder } from "./device-order.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { Moment } from "./moment.ts";
import type { ToldRecord } from "./record.ts";
import { hasGoneOn } from "./record.ts";

/** A translation that a device keeps and the tables do not have. */
interface Kept {
  readonly device: SourceId;
  readonly pasid: number | undefined;
  readonly page: number;
}

/** Finds devices that were not told, or not in time, what their own TLBs have to forget. */
export interface DeviceTlbCheck {
  readonly follow: (moment: Moment) => void;
  readonly told: (guest: Guest, told: Told) => void;
  readonly open: (guest: Guest, now: number, note: Note) => void;
}

function hostOf(guest: Guest, device: SourceId, pasid: number | undefined): HostEntry | undefined {
  const requester = deviceAt(guest, device)?.requester ?? device;
  return hostAt(guest.hosts, requester, pasid);
}

/** Whether the tables, as they are, have another answer than the one that a device keeps. */
function isStale(guest: Guest, tlb: DeviceTlb, page: number, held: number): boolean {
  const write = writeCode(held) === ok;
  if (!write && readCode(held) !== ok) return false;
  const asked: Asked = { write, pasid: tlb.pasid, execute: false, privileged: false };
  const { walked, composed } = waysOf(guest, tlb.device, page, asked);
  if (faultOf(walked, write) !== 0) return true;
  if (tlb.virtual) return walked.gfn !== frameOf(held);
  return faultOf(composed, write) === 0 && frameOf(composed.mapping) !== frameOf(held);
}

const isPending = (guest: Guest, host: HostEntry | undefined, page: number): boolean => {
  if (host === undefined || host.pending !== 0 || host.pasidPending !== 0) return true;
  const shadow = shadowAt(guest, host.shadow);
  return shadow !== undefined && get(shadow.pending, page) !== 0;
};

const isUnanswered = ({ queue }: Guest, { device, pasid }: DeviceTlb, page: number): boolean =>
  queue.unanswered.some(
    (one) => one.device === device && asksFor(one, pasid) && isWithin(page, askedPages(one)),
  );

/** Pages that are looked at of one TLB at most. */
const most = 4096;

/** The announced changes that devices have not heard of. */
function keptIn(guest: Guest): readonly Kept[] {
  const found: Kept[] = [];
  for (const tlb of tlbsWhere(guest.deviceTlbs)) {
    const host = hostOf(guest, tlb.device, tlb.pasid);
    for (const [at, tree] of tlb.pages.entries()) {
      forEachRun(tree, 0, capacity(tree), (first, count, held) => {
        if (held === 0) return;
        for (let page = first; page < first + Math.min(count, most); page++) {
          const iova = baseOf(at) + page;
          const value = get(tree, page);
          if (isPending(guest, host, iova) || isUnanswered(guest, tlb, iova)) continue;
          if (!isStale(guest, tlb, iova, value)) continue;
          found.push({ device: tlb.device, pasid: tlb.pasid, page: iova });
        }
      });
    }
  }
  return found;
}

/** The newest invalidation that told the IOTLB of a page. */
function flushOf(
  record: ToldRecord,
  host: HostEntry | undefined,
  page: number,
): ToldBefore | undefined {
  return record.told.findLast(({ fact }) => {
    if (host === undefined) return false;
    if (fact.type === "IotlbInvalidated") {
      const range = coveredRange(fact, host.did);
      return range !== undefined && (host.space !== undefined || isWithin(page, range));
    }
    if (fact.type !== "PasidIotlbInvalidated") return false;
    const range = coveredOfPasid(fact, { did: host.did, pasid: host.tag });
    return range !== undefined && isWithin(page, range);
  });
}

function noteKept(
  guest: Guest,
  record: ToldRecord,
  { device, pasid, page }: Kept,
  used: { readonly first: number; readonly count: number } | undefined,
  note: Note,
): void {
  const host = hostOf(guest, device, pasid);
  const flush = flushOf(record, host, page);
  const range = { first: iovaOfPage(page), end: iovaOfPage(page + 1) };
  const where = `${formatSourceId(device)} keeps ${hex(range.first)}`;
  const told = flush === undefined ? "" : `, and the IOTLB was told at ${eventText(flush.seq)}`;
  const use = used === undefined ? "" : `; it used it at ${eventText(used.first)}`;
  const evidence = [
    ...(flush === undefined ? [] : [{ at: flush.seq, text: "the IOTLB is told of the page" }]),
    ...(used === undefined ? [] : [{ at: used.first, text: "a translated request goes by it" }]),
  ];
  note({
    rule: "device-tlb-not-told",
    at: flush?.seq ?? used?.first ?? 0,
    guest: guest.index,
    device,
    pasid,
    domain: host?.did,
    iova: range,
    text: `${where} in its TLB; the tables have another answer${told}${use}`,
    evidence,
    ...(used === undefined ? {} : { count: used.count }),
  });
}

const keyOf = ({ device, pasid, page }: Kept): string => [device, pasid ?? "", page].join();

/** Follows one guest. */
export function startDeviceTlbs(record: ToldRecord): DeviceTlbCheck {
  const order = startDeviceOrder(record);
  const used = new Map<string, { kept: Kept; guest: Guest; first: number; count: number }>();
  return {
    follow: ({ before, step }) => {
      const { input, facts, seq } = step;
      if (input.type !== "Dma" || input.translated !== true) return;
      if (!facts.some(({ type }) => type === "DmaTranslated")) return;
      const page = pageOf(input.iova);
      const kept = { device: input.device, pasid: input.pasid, page };
      const key = keyOf(kept);
      const known = used.get(key);
      if (known !== undefined) known.count += 1;
      else if (keptIn(before).some((one) => keyOf(one) === key)) {
        used.set(key, { kept, guest: before, first: seq, count: 1 });
      }
    },
    told: order.told,
    open: (guest, now, note) => {
      for (const { kept, first, count, guest: then } of used.values()) {
        noteKept(then, record, kept, { first, count }, note);
      }
      for (const kept of keptIn(guest)) {
        if (used.has(keyOf(kept))) continue;
        const flush = flushOf(record, hostOf(guest, kept.device, kept.pasid), kept.page);
        if (flush === undefined || !hasGoneOn(record, flush.seq, now)) continue;
        noteKept(guest, record, kept, undefined, note);
      }
      order.open(guest.index, now, note);
    },
  };
}
