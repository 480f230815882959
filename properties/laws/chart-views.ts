import { FaultRecord } from "../../events/fault/fault-record.ts";
import { Gsts } from "../../events/registers/command.ts";
import { Fectl, Fsts } from "../../events/registers/event-line.ts";
import { at, faultRecordAt, lineRegisters } from "../../events/registers/offset.ts";
import { Prs } from "../../events/registers/page-request.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import { fold } from "../../hypervisor/fold.ts";
import { translation } from "../../machines/context/translation.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import { faultRecording } from "../../machines/fault/fault-recording.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import { keepingOut } from "../../machines/host/keeping-out.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { pageRequestQueue } from "../../machines/page-request/page-request-queue.ts";
import { queue } from "../../machines/queue/queue.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import { protection } from "../../machines/registers/protection.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { readBytes, registersOf } from "../../projections/registers/registers.ts";
import type { World } from "../../projections/world.ts";
import { radixForEach } from "../../tables/radix.ts";
import { askedName, groupName, requesterName } from "./chart-keys.ts";
import type { ChartView } from "./chart-view.ts";
import { many, one } from "./chart-view.ts";

const has = ({ profile }: Guest, offset: number): boolean =>
  registersOf(profile).at(offset) !== undefined;

const read = (guest: Guest, offset: number): bigint => readBytes(guest, offset, 4);
const statusOf = (guest: Guest) => Gsts.decode(read(guest, at.gsts));

function pointerAndEnable(pointer: boolean, enable: boolean, without: string): string {
  if (enable) return pointer ? "enabled" : `enabled, ${without}`;
  return pointer ? "disabled" : without;
}

function faultsShown(guest: Guest): string {
  const { pfo, ppf } = Fsts.decode(read(guest, at.fsts));
  const { profile } = guest;
  const anyRecord = Array.from({ length: profile.nfr }, (_, index) => {
    const upper = readBytes(guest, faultRecordAt(profile, index) + 8, 8);
    return FaultRecord.decode(upper << 64n).f;
  }).includes(true);
  if (ppf !== anyRecord) return `PPF ${ppf}, ${anyRecord ? "some" : "no"} record`;
  return pfo ? "overflowed" : ppf ? "pending" : "empty";
}

/** A line that the unit has not is as it was: no chart is told of it. */
function* linesShown(guest: Guest): Generator<readonly [string, string]> {
  for (const [line, { control }] of Object.entries(lineRegisters)) {
    if (!has(guest, control)) continue;
    const { im, ip } = Fectl.decode(read(guest, control));
    if (!im) yield [line, ip ? "unmasked and pending" : "unmasked"];
    else if (ip) yield [line, "pending"];
  }
}

function requestsShown(guest: Guest): string | undefined {
  if (!has(guest, at.prs)) return undefined;
  const { ppr, pro: later } = Prs.decode(read(guest, at.prs));
  const pro = later || Fsts.decode(read(guest, at.fsts)).pro;
  if (pro) return ppr ? "overflowedPending" : "overflowed";
  return ppr ? "pending" : "quiet";
}

/** Keys are of source-ids, and of PASIDs above them. */
function keptOutShown({ keptOut }: Guest): readonly (readonly [string, string])[] {
  const shown: (readonly [string, string])[] = [];
  radixForEach(keptOut, 0, Number.MAX_SAFE_INTEGER, (key, state) => {
    const above = Math.floor(key / 0x1_0000);
    const pasid = above === 0 ? undefined : above - 1;
    shown.push([requesterName({ source: key % 0x1_0000, pasid }), state]);
  });
  return shown;
}

/** Where there is no unit the bus answers ones. */
function isAnswered({ index }: Guest, world: World): string {
  const [fact] = fold(world, { type: "RegisterRead", guest: index, offset: 0, size: 4 }).facts;
  const isSilent = fact?.type === "RegisterAnswered" && fact.value === 0xffff_ffffn;
  return isSilent ? "absent" : "present";
}

const inCharts = ({ charts }: Guest): unknown => charts;
const onOrOff = (state: string): string => (state === "disabled" ? state : "enabled");

/** Every place. The one state of register-based invalidation shows nowhere. */
export const chartViews: readonly ChartView[] = [
  one(lifeCycle, "the guest", inCharts, ({ charts }) => charts.life),
  one(lifeCycle, "the bus", inCharts, isAnswered),
  one(translation, "the guest", inCharts, ({ charts }) => charts.translation),
  one(translation, "GSTS", inCharts, (guest) => {
    const { rtps, tes } = statusOf(guest);
    return pointerAndEnable(rtps, tes, "noPointer");
  }),
  one(remapping, "the guest", inCharts, ({ charts }) => charts.remapping),
  one(remapping, "GSTS", inCharts, (guest) => {
    const { irtps, ires } = statusOf(guest);
    return pointerAndEnable(irtps, ires, "noTable");
  }),
  one(protection, "the guest", inCharts, ({ charts }) => charts.protection),
  one(protection, "PMEN", inCharts, (guest) => {
    if (!has(guest, at.pmen)) return undefined;
    return Pmen.decode(read(guest, at.pmen)).prs ? "enabled" : "disabled";
  }),
  one(
    queue,
    "the queue",
    (guest) => guest.queue,
    (guest) => guest.queue.state,
  ),
  one(
    queue,
    "GSTS",
    (guest) => guest.queue,
    (guest) => (statusOf(guest).qies ? "enabled" : "disabled"),
    onOrOff,
  ),
  one(
    faultRecording,
    "the records",
    ({ faults }) => faults,
    ({ faults }) => faults.state,
  ),
  one(faultRecording, "FSTS", ({ faults }) => faults, faultsShown),
  many(eventLine, "its control register", ({ registers }) => registers, linesShown),
  one(
    pageRequestQueue,
    "the requests",
    (guest) => guest.pageRequests,
    (guest) => guest.pageRequests.state,
  ),
  one(pageRequestQueue, "PRS", (guest) => guest.pageRequests, requestsShown),
  many(
    pageGroup,
    "the requests",
    (guest) => guest.pageRequests,
    (guest) =>
      Object.values(guest.pageRequests.groups).map((group) => [groupName(group), group.state]),
  ),
  many(
    hostEntry,
    "the host",
    ({ hosts }) => hosts,
    ({ hosts }) => hostsWhere(hosts).map((entry) => [requesterName(entry), entry.state]),
  ),
  many(keepingOut, "the host", ({ keptOut }) => keptOut, keptOutShown),
  many(
    dmaRequest,
    "flight",
    ({ inFlight }) => inFlight,
    ({ inFlight }) => Object.keys(inFlight).map((tag) => [tag, "inFlight"]),
  ),
  many(
    deviceTlb,
    "the queue",
    (guest) => guest.queue.unanswered,
    (guest) =>
      guest.queue.unanswered.map((asked, index) => [`${index}${askedName(asked)}`, "asked"]),
  ),
];
