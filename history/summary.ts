import { formatSourceId, hex } from "../events/address.ts";
import type { Profile } from "../events/profile/profile.ts";
import { Prs } from "../events/registers/page-request.ts";
import { isExtended, isScalable } from "../projections/context/context-path.ts";
import { devicesOf } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import { pageRequestStatus } from "../projections/page-request/page-requests.ts";
import { registersOf, registerValue } from "../projections/registers/registers.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { shadowsOf } from "../projections/shadow/shadow.ts";
import { frameOf, hasFrame, sizeName, sizeOf } from "../tables/mapping.ts";
import { deviceTlbRows, pageGroupRows } from "./device-rows.ts";
import { interruptRows } from "./interrupt-rows.ts";
import { cachedPageRows, cachedTableRows, firstStageRows } from "./summary-first-stage.ts";
import type { Row, Rows, Value } from "./summary-rows.ts";
import { accessText, addressOf, keyed, last, mappings, merged, visitRuns } from "./summary-rows.ts";

/** What is the case for one guest, for people: single values, and tables by name and by row. */
export interface GuestSummary {
  readonly values: Readonly<Record<string, Value>>;
  readonly tables: Readonly<Record<string, Rows>>;
}

/** The runs of a shadow that are contiguous in GPA and in HPA. */
function shadowRows(shadow: Shadow): Rows {
  const rows: Record<string, Row> = {};
  const prefix = `${shadow.id.toString()}:`;
  visitRuns(shadow.stage, 0, last(shadow.stage), (start, count, stage) => {
    visitRuns(shadow.host, start, start + count, (page, pages, host) => {
      const gpa: Row = hasFrame(stage) ? { gpa: addressOf(frameOf(stage) + page - start) } : {};
      const hpa: Row = hasFrame(host)
        ? { hpa: addressOf(frameOf(host)), size: sizeName(sizeOf(host)) }
        : {};
      rows[`${prefix}${addressOf(page)}`] = { pages, ...gpa, ...hpa, ...accessText(host) };
    });
  });
  return rows;
}

function pendingRows(shadow: Shadow): Rows {
  const rows: Record<string, Row> = {};
  visitRuns(shadow.pending, 0, last(shadow.pending), (page, pages, mark) => {
    const since = Math.floor(mark / 2);
    const key = `${shadow.id.toString()}:${addressOf(page)}`;
    rows[key] = { pages, since, upperEntry: mark % 2 === 1 };
  });
  return rows;
}

function pagesMapped(shadow: Shadow): number {
  let pages = 0;
  visitRuns(shadow.host, 0, last(shadow.host), (_page, count, value) => {
    if (hasFrame(value)) pages += count;
  });
  return pages;
}

function registerRows(guest: Guest): Rows {
  const { specs } = registersOf(guest.profile);
  return keyed(
    specs,
    (spec) => spec.name,
    (spec) => ({ offset: hex(spec.offset), value: hex(registerValue(guest, spec.offset)) }),
  );
}

const hostRows = (guest: Guest): Rows =>
  keyed(
    hostsWhere(guest.hosts),
    ({ source, pasid }) =>
      pasid === undefined
        ? formatSourceId(source)
        : `${formatSourceId(source)} PASID ${hex(pasid)}`,
    ({ state, did, tag, reason, fpd, shadow, space, pending, pasidPending }) => ({
      state,
      did,
      ...(tag === undefined ? {} : { pasid: hex(tag) }),
      ...(shadow === undefined ? {} : { shadow }),
      ...(space === undefined ? {} : { firstStage: space }),
      ...(state === "blocked" ? { reason } : {}),
      fpd,
      ...(pending === 0 ? {} : { pendingSince: pending }),
      ...(pasidPending === 0 ? {} : { pasidPendingSince: pasidPending }),
    }),
  );

const deviceRows = (guest: Guest): Rows =>
  keyed(
    devicesOf(guest),
    (device) => formatSourceId(device.source),
    ({ physical, requester, source }) => ({
      kind: physical ? "physical" : "virtual",
      ...(requester === source ? {} : { alias: formatSourceId(requester) }),
    }),
  );

function faultRows(guest: Guest): Rows {
  const rows: Record<string, Row> = {};
  for (const [index, record] of guest.faults.records.entries()) {
    if (record === undefined) continue;
    rows[index.toString()] = {
      source: formatSourceId(record.source),
      reason: record.reason,
      page: hex(record.page),
      access: record.read ? "read" : "write",
      ...(record.pasid === undefined ? {} : { pasid: hex(record.pasid) }),
    };
  }
  return rows;
}

function tablesOf(guest: Guest): Readonly<Record<string, Rows>> {
  const shadows = shadowsOf(guest);
  const summary = (shadow: Shadow): Row => ({
    did: shadow.did,
    root: addressOf(shadow.root),
    levels: shadow.levels,
    pagesMapped: pagesMapped(shadow),
  });
  const cached = (shadow: Shadow): Rows =>
    mappings(shadow.iotlb, "hpa", `${shadow.id.toString()}:`);
  return {
    registers: registerRows(guest),
    devices: deviceRows(guest),
    hostEntries: hostRows(guest),
    faults: faultRows(guest),
    interruptEntries: interruptRows(guest),
    deviceTlbs: deviceTlbRows(guest),
    pageGroups: pageGroupRows(guest),
    shadows: keyed(shadows, (shadow) => shadow.id.toString(), summary),
    shadowMappings: merged(shadows.map(shadowRows)),
    pending: merged(shadows.map(pendingRows)),
    firstStages: firstStageRows(guest),
    firstStageTables: cachedTableRows(guest),
    firstStageIotlb: cachedPageRows(guest),
    iotlb: merged([...shadows.map(cached), mappings(guest.passThroughCache, "hpa", "p2m:")]),
    p2m: mappings(guest.p2m, "hpa", ""),
  };
}

/** The translation types that PASID entries may have. */
function typesText({ flts, ssts, nest, passThrough }: Profile): string {
  const types = { "first stage": flts, "second stage": ssts, nested: nest };
  const has = Object.entries({ ...types, "pass-through": passThrough }).filter(([, is]) => is);
  return has.map(([name]) => name).join(", ");
}

/** What is the case for one guest. Trees with more runs than `maxRuns` are listed in part. */
export function summarise(guest: Guest): GuestSummary {
  const { charts, queue, faults } = guest;
  const { ppr, pro } = Prs.decode(pageRequestStatus(guest.pageRequests, false));
  return {
    values: {
      profile: guest.profile.name,
      ...(guest.profile.smts ? { translationTypes: typesText(guest.profile) } : {}),
      unit: charts.life,
      base: hex(guest.base),
      translation: charts.translation,
      rootPointer: hex(guest.rootPointer),
      ...(isScalable(guest) ? { tableMode: "scalable" } : {}),
      ...(isExtended(guest) ? { tableMode: "extended" } : {}),
      queue: queue.state,
      queueAddress: hex(queue.address),
      queueHead: hex(queue.head),
      interruptRemapping: charts.remapping,
      compatibilityInterrupts: guest.compatibilityInterrupts,
      interruptTable: hex(guest.interruptTable.address),
      interruptTableEntries: guest.interruptTable.count,
      extendedInterruptMode: guest.interruptTable.eime,
      protectedMemory: charts.protection,
      faultOverflow: faults.state === "overflowed",
      pageRequestPending: ppr,
      pageRequestOverflow: pro,
      requestsInFlight: Object.keys(guest.inFlight).length,
      memoryPages: guest.memory.visible.size,
    },
    tables: tablesOf(guest),
  };
}
