import { at } from "../../events/registers/offset.ts";
import { tlbsWhere } from "../../projections/device/device-tlb.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored } from "../../projections/registers/register-file.ts";
import { shadowsOf } from "../../projections/shadow/shadows.ts";
import { radixForEach } from "../../tables/radix.ts";
import {
  deviceRecords,
  flightRecords,
  hostRecords,
  spaceRecords,
  tlbRecords,
  virtualRecords,
} from "./device-records.ts";
import type { Digest, Sums } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Layout } from "./layout.ts";
import type { Memo, Recent, Renamed, Tell } from "./memo.ts";
import { addTo, noSums, renamed, sumFields } from "./memo.ts";
import { newerRecords, pageRecords, ringRecords } from "./memory-records.ts";
import type { Names } from "./names.ts";
import type { newShadowSums } from "./shadow-records.ts";
import { tableRecords } from "./shadow-records.ts";
import { treeRecords } from "./tree-records.ts";
import {
  chartRecords,
  faultRecords,
  groupRecords,
  interruptRecords,
  latchRecords,
  queueRecords,
  registerRecords,
} from "./unit-records.ts";

const same = (value: number): number => value;

/** What is shared by a whole search: who is told what, and what is known of parts so far. */
export interface Searching {
  readonly to: Digest;
  readonly all: readonly Names[];
  readonly layout: Layout;
  readonly memo: Memo;
  readonly naming: Recent<{ readonly shadows: object; readonly sums: Renamed }>;
  readonly shadowSums: ReturnType<typeof newShadowSums>;
}

/** Adds the records of one part after the other to those of a guest. */
interface Adding {
  /** Of a part that is known by itself. */
  readonly part: (part: object, tell: Tell) => void;
  /** Of something that nobody can know. */
  readonly fresh: (tell: Tell) => void;
  /** Of a part that names shadows by their numbers: known as long as the same ones exist. */
  readonly naming: (part: object, tell: Tell) => void;
}

function addingTo({ to, all, memo, naming }: Searching, guest: Guest, whole: Sums): Adding {
  const shadows = guest.shadows.byRoot;
  return {
    part: (part, tell) => addTo(whole, memo.of(part, tell)),
    fresh: (tell) => addTo(whole, renamed(to, all, tell)),
    naming: (part, tell) => {
      const found = naming.get(part);
      const sums = found?.shadows === shadows ? found.sums : renamed(to, all, tell);
      if (sums !== found?.sums) naming.set(part, { shadows, sums });
      addTo(whole, sums);
    },
  };
}

function addMemory({ layout }: Searching, { part, fresh }: Adding, guest: Guest): void {
  const { memory } = guest;
  radixForEach(memory.visible, 0, Number.MAX_SAFE_INTEGER, (gfn, page) =>
    part(page, (to, names) => pageRecords(to, gfn, page, layout.pages.get(gfn), names)),
  );
  for (const which of ["buffered", "ahead"] as const) {
    const newer = memory[which];
    if (newer.size > 0) part(newer, (to, names) => newerRecords(to, which, newer, names));
  }
  const tail = Number(stored(guest, at.iqt));
  fresh((to, names) => ringRecords(to, guest, tail, layout, names));
}

function addUnit({ layout: { rolling } }: Searching, { part, fresh }: Adding, guest: Guest): void {
  const { registers, charts, queue, faults, pageRequests, interruptCache } = guest;
  part(registers, (to) => registerRecords(to, registers, rolling));
  part(charts, (to) => chartRecords(to, charts));
  part(queue, (to, names) => queueRecords(to, queue, rolling, names));
  part(faults, (to, names) => faultRecords(to, faults, names));
  part(pageRequests, (to, names) => groupRecords(to, pageRequests, names));
  if (interruptCache.size > 0) part(interruptCache, (to) => interruptRecords(to, interruptCache));
  fresh((to) => latchRecords(to, guest));
}

function addTables({ shadowSums }: Searching, adding: Adding, guest: Guest, whole: Sums): void {
  const { part, fresh, naming } = adding;
  for (const shadow of shadowsOf(guest)) addTo(whole, shadowSums(shadow));
  naming(guest.tables, (to, names) => tableRecords(to, guest, names));
  const { p2m, passThroughCache: cache } = guest;
  part(p2m, (to, names) => treeRecords(to, p2m, names.gfn, names.hfn));
  if (cache.root !== 0) {
    part(cache, (to, names) => treeRecords(to, cache, names.gfn, names.hfn, same, [1]));
  }
  if (guest.virtualCaches.length > 0) fresh((to, names) => virtualRecords(to, guest, names));
}

function addDevices({ part, fresh, naming }: Adding, guest: Guest): void {
  const { devices, spaces, inFlight, deviceTlbs } = guest;
  part(devices, (to, names) => deviceRecords(to, guest, names));
  for (const tlb of tlbsWhere(deviceTlbs)) part(tlb, (to, names) => tlbRecords(to, tlb, names));
  const stages = Object.values(spaces);
  // First stages have numbers, too, and change.
  const hosts = stages.length === 0 ? naming : (_: object, tell: Tell) => fresh(tell);
  hosts(guest.hosts, (to, names) => hostRecords(to, guest, names));
  for (const stage of stages) fresh((to, names) => spaceRecords(to, guest, stage, names));
  for (const _ in inFlight) {
    fresh((to, names) => flightRecords(to, guest, names));
    break;
  }
}

/** The sums of a guest under each renaming. Its number and what its unit can do never change. */
export function guestSums(searching: Searching, guest: Guest): Renamed {
  const whole = noSums(searching.all.length);
  const adding = addingTo(searching, guest, whole);
  addMemory(searching, adding, guest);
  addUnit(searching, adding, guest);
  addTables(searching, adding, guest, whole);
  addDevices(adding, guest);
  const { to, all } = searching;
  return renamed(to, all, (digest, _names, index) => {
    digest.begin(kinds.guest);
    digest.field(guest.index);
    sumFields(digest, whole, index);
    digest.end();
  });
}
