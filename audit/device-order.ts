import type { Range, SourceId } from "../events/address.ts";
import { formatSourceId, iovaOfPage, overlaps } from "../events/address.ts";
import type { Told } from "../history/told.ts";
import { pagesTold } from "../history/told.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import { shadowAt } from "../projections/shadow/shadow.ts";
import { anyIn } from "../tables/page-tree-range.ts";
import type { Note } from "./finding.ts";
import { eventText } from "./harm.ts";
import type { ToldRecord } from "./record.ts";
import { hasGoneOn } from "./record.ts";

/** A device's TLB that was told before the IOTLB was. */
interface Early extends Range {
  readonly seq: number;
  readonly device: SourceId;
  readonly did: number;
  /** The IOTLB's invalidation that came after it. */
  flushed: number;
}

/** Finds TLBs of devices that were told before the IOTLB, and not after it. */
export interface DeviceOrder {
  readonly told: (guest: Guest, told: Told) => void;
  readonly open: (guest: number, now: number, note: Note) => void;
}

function noteEarly(one: Early, guest: number, record: ToldRecord, now: number, note: Note): void {
  const { seq, device, did, flushed, first, end } = one;
  if (flushed === 0 || !hasGoneOn(record, flushed, now)) return;
  const whose = `the TLB of ${formatSourceId(device)} was told at ${eventText(seq)}`;
  note({
    rule: "device-tlb-before-iotlb",
    at: seq,
    guest,
    device,
    domain: did,
    iova: { first: iovaOfPage(first), end: iovaOfPage(Math.min(end, 2 ** 52)) },
    text: `${whose}, before the IOTLB at ${eventText(flushed)}, and not after it`,
    evidence: [
      { at: seq, text: "the device is told" },
      { at: flushed, text: "the IOTLB is told" },
    ],
  });
}

/** Follows one guest. */
export function startDeviceOrder(record: ToldRecord): DeviceOrder {
  const early: Early[] = [];
  const toldDevice = (guest: Guest, { seq, fact }: Told): void => {
    if (fact.type !== "DeviceTlbInvalidated") return;
    const { device, pasid } = fact;
    const range = pagesTold(fact);
    const again = early.filter((one) => one.device === device && overlaps(one, range));
    for (const one of again) early.splice(early.indexOf(one), 1);
    const requester = deviceAt(guest, device)?.requester ?? device;
    const host = hostAt(guest.hosts, requester, pasid);
    const shadow = shadowAt(guest, host?.shadow);
    if (host === undefined || shadow === undefined) return;
    if (!anyIn(shadow.pending, range.first, range.end)) return;
    early.push({ ...range, seq, device, did: host.did, flushed: 0 });
  };
  return {
    told: (guest, told) => {
      toldDevice(guest, told);
      for (const one of early) {
        const isIts = ({ shadow, first, end }: Told["announced"][number]): boolean =>
          shadow.did === one.did && overlaps({ first, end }, one);
        if (told.announced.some(isIts)) one.flushed ||= told.seq;
      }
    },
    open: (guest, now, note) => {
      for (const one of early) noteEarly(one, guest, record, now, note);
    },
  };
}
