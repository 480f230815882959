// Length: one table of everything that is the case, which is read as a whole.

import { formatSourceId, hex } from "../events/address.ts";
import { deviceTlbRows, pageGroupRows } from "./device-rows.ts";
import type { Guest } from "./guest.ts";
import { hostsWhere } from "./host-entry.ts";
import { interruptRows } from "./interrupt-rows.ts";
import { frameOf, hasFrame, outcomesOf, sizeName, sizeOf } from "./mapping.ts";
import type { PageTree } from "./page-tree.ts";
import { capacity } from "./page-tree.ts";
import type { Visit } from "./page-tree-range.ts";
import { forEachRun } from "./page-tree-range.ts";
import { registersOf, registerValue } from "./registers.ts";
import type { Shadow } from "./shadow.ts";

export type Value = string | number | boolean;
/** One row of a table, by column. */
export type Row = Readonly<Record<string, Value>>;
export type Rows = Readonly<Record<string, Row>>;

/** What is the case for one guest, for people: single values, and tables by name and by row. */
export interface GuestSummary {
  readonly values: Readonly<Record<string, Value>>;
  readonly tables: Readonly<Record<string, Rows>>;
}

/** Runs of one tree that are listed; a guest's tables can describe any number. */
export const maxRuns = 20_000;

class EnoughRuns extends Error {}

/** Visits the runs of a tree, at most `maxRuns`. */
function visitRuns(tree: PageTree, first: number, end: number, visit: Visit): void {
  let seen = 0;
  try {
    forEachRun(tree, first, end, (page, count, value) => {
      seen += 1;
      if (seen > maxRuns) throw new EnoughRuns();
      visit(page, count, value);
    });
  } catch (error) {
    if (!(error instanceof EnoughRuns)) throw error;
  }
}

const addressOf = (page: number): string => hex(BigInt(page) << 12n);
const last = (tree: PageTree): number => capacity(tree);

function accessText(mapping: number): Row {
  const { read, write } = outcomesOf(mapping);
  return { read, write };
}

/** The runs of a tree of frames, `name` being what the frames are. */
function mappings(tree: PageTree, name: "gpa" | "hpa", prefix: string): Rows {
  const rows: Record<string, Row> = {};
  visitRuns(tree, 0, last(tree), (page, pages, value) => {
    const frame: Row = hasFrame(value)
      ? { [name]: addressOf(frameOf(value)), size: sizeName(sizeOf(value)) }
      : {};
    rows[`${prefix}${addressOf(page)}`] = { pages, ...frame, ...accessText(value) };
  });
  return rows;
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

function keyed<T>(items: readonly T[], key: (item: T) => string, row: (item: T) => Row): Rows {
  return Object.fromEntries(items.map((item) => [key(item), row(item)]));
}

const merged = (parts: readonly Rows[]): Rows => Object.assign({}, ...parts) as Rows;

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
    ({ state, did, reason, fpd, shadow, space, pending, pasidPending }) => ({
      state,
      did,
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
    Object.values(guest.devices),
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
      ...(record.pasid === undefined ? {} : { pasid: record.pasid }),
    };
  }
  return rows;
}

const shadowsOf = (guest: Guest): readonly Shadow[] => Object.values(guest.shadows);

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
    deviceTlbs: deviceTlbRows(guest, (tree, visit) => visitRuns(tree, 0, last(tree), visit)),
    pageGroups: pageGroupRows(guest),
    shadows: keyed(shadows, (shadow) => shadow.id.toString(), summary),
    shadowMappings: merged(shadows.map(shadowRows)),
    pending: merged(shadows.map(pendingRows)),
    iotlb: merged([...shadows.map(cached), mappings(guest.passThroughCache, "hpa", "p2m:")]),
    p2m: mappings(guest.p2m, "hpa", ""),
  };
}

/** What is the case for one guest. Trees with more runs than `maxRuns` are listed in part. */
export function summarise(guest: Guest): GuestSummary {
  const { charts, queue, faults, pageRequests } = guest;
  return {
    values: {
      profile: guest.profile.name,
      unit: charts.life,
      base: hex(guest.base),
      translation: charts.translation,
      rootPointer: hex(guest.rootPointer),
      queue: charts.queue,
      queueAddress: hex(queue.address),
      queueHead: hex(queue.head),
      interruptRemapping: charts.remapping,
      compatibilityInterrupts: guest.compatibilityInterrupts,
      interruptTable: hex(guest.interruptTable.address),
      interruptTableEntries: guest.interruptTable.count,
      extendedInterruptMode: guest.interruptTable.eime,
      protectedMemory: charts.protection,
      faultOverflow: faults.overflow,
      pageRequestPending: pageRequests.pending,
      pageRequestOverflow: pageRequests.overflow,
      requestsInFlight: Object.keys(guest.inFlight).length,
      memoryPages: guest.memory.visible.size,
    },
    tables: tablesOf(guest),
  };
}
