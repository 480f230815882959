import { at } from "../../events/registers/offset.ts";
import type { Guest } from "../../projections/guest.ts";
import { stored } from "../../projections/registers/registers.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import { radixForEach, radixGet } from "../../tables/radix.ts";
import {
  deviceRecords,
  flightRecords,
  hostRecords,
  spaceRecords,
  tlbRecords,
  virtualRecords,
} from "./device-records.ts";
import type { Digest } from "./digest.ts";
import type { Layout } from "./layout.ts";
import { newerRecords, pageRecords, ringRecords } from "./memory-records.ts";
import type { Names } from "./names.ts";
import { shadowRecords, shadowTree, shadowTrees, tableRecords } from "./shadow-records.ts";
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

/** Told of each piece of a part. */
export type Add = (place: number, of: unknown, item: number) => void;

/** A part of a guest, in pieces. All parts together are everything that matters of one. */
export interface Part {
  /** Whether two versions of a guest have the same of it, or may not. */
  readonly same: (a: Guest, b: Guest) => boolean;
  /**
   * Every piece: its place, which tells it from the others of any guest whatever it is like; an
   * object, as long as which is the same so are its records; and a number that `tell` finds it by.
   */
  readonly pieces: (guest: Guest, add: Add) => void;
  /** The records of a piece. */
  readonly tell: (to: Digest, guest: Guest, names: Names, layout: Layout, item: number) => void;
}

/** A part that is told as a whole. */
const whole = (same: Part["same"], tell: Part["tell"]): Part => ({
  same,
  pieces: (_, add) => add(0, undefined, 0),
  tell,
});

/** What is named by the number of a shadow is the same as long as the same ones exist. */
const sameShadows = (a: Guest, b: Guest): boolean => a.shadows.byRoot === b.shadows.byRoot;

const memory: Part = {
  same: (a, b) => a.memory.visible === b.memory.visible,
  pieces: (guest, add) =>
    radixForEach(guest.memory.visible, 0, Number.MAX_SAFE_INTEGER, (gfn, page) =>
      add(gfn, page, gfn),
    ),
  tell: (to, guest, names, layout, gfn) => {
    const page = radixGet(guest.memory.visible, gfn);
    if (page !== undefined) pageRecords(to, gfn, page, layout.pages.get(gfn), names);
  },
};

/** A number that tells shadows of different tables apart, whatever numbers they have. */
const placeOf = ({ did, root, levels }: Shadow): number => (root * 2 ** 16 + did) * 8 + levels;

const treeCount = shadowTrees.length;

const shadows: Part = {
  same: (a, b) => a.shadows === b.shadows,
  pieces: (guest, add) => {
    for (const shadow of shadowsOf(guest)) {
      const place = placeOf(shadow) * treeCount;
      for (let index = 0; index < treeCount; index++) {
        add(place + index, shadowTree(shadow, index).root, shadow.id * treeCount + index);
      }
    }
  },
  tell: (to, guest, names, _, item) => {
    const shadow = shadowAt(guest, Math.floor(item / treeCount));
    if (shadow !== undefined) shadowRecords(to, shadow, item % treeCount, names);
  },
};

const deviceTlbs: Part = {
  same: (a, b) => a.deviceTlbs === b.deviceTlbs,
  pieces: (guest, add) =>
    radixForEach(guest.deviceTlbs, 0, Number.MAX_SAFE_INTEGER, (key, tlb) => add(key, tlb, key)),
  tell: (to, guest, names, _, key) => {
    const tlb = radixGet(guest.deviceTlbs, key);
    if (tlb !== undefined) tlbRecords(to, tlb, names);
  },
};

/** What the CPU has written and the unit does not see: in its caches, or in the write buffer. */
const newer = (which: "ahead" | "buffered"): Part =>
  whole(
    (a, b) => a.memory[which] === b.memory[which],
    (to, guest, names) => newerRecords(to, which, guest.memory[which], names),
  );

/** Every part of a guest; its number and what its unit can do never change. */
export const parts: readonly Part[] = [
  memory,
  newer("ahead"),
  newer("buffered"),
  whole(
    (a, b) =>
      a.queue === b.queue && a.registers === b.registers && a.memory.visible === b.memory.visible,
    (to, guest, names, layout) =>
      ringRecords(to, guest, Number(stored(guest, at.iqt)), layout, names),
  ),
  whole(
    (a, b) => a.registers === b.registers,
    (to, { registers }, _, { rolling }) => registerRecords(to, registers, rolling),
  ),
  whole(
    (a, b) => a.charts === b.charts,
    (to, { charts }) => chartRecords(to, charts),
  ),
  whole(
    (a, b) => a.queue === b.queue,
    (to, { queue }, names, { rolling }) => queueRecords(to, queue, rolling, names),
  ),
  whole(
    (a, b) => a.faults === b.faults,
    (to, { faults }, names) => faultRecords(to, faults, names),
  ),
  whole(
    (a, b) => a.pageRequests === b.pageRequests,
    (to, { pageRequests }, names) => groupRecords(to, pageRequests, names),
  ),
  whole(
    (a, b) => a.interruptCache === b.interruptCache,
    (to, { interruptCache }) => interruptRecords(to, interruptCache),
  ),
  whole(
    (a, b) =>
      a.rootPointer === b.rootPointer &&
      a.compatibilityInterrupts === b.compatibilityInterrupts &&
      a.interruptTable === b.interruptTable,
    latchRecords,
  ),
  shadows,
  whole((a, b) => a.tables === b.tables && sameShadows(a, b), tableRecords),
  whole(
    (a, b) => a.p2m === b.p2m,
    (to, { p2m }, { gfn, hfn }) => treeRecords(to, p2m, gfn, hfn),
  ),
  whole(
    (a, b) => a.passThroughCache === b.passThroughCache,
    (to, { passThroughCache: cache }, { gfn, hfn }) =>
      treeRecords(to, cache, gfn, hfn, (value) => value, [1]),
  ),
  whole((a, b) => a.virtualCaches === b.virtualCaches, virtualRecords),
  whole((a, b) => a.devices === b.devices, deviceRecords),
  deviceTlbs,
  whole((a, b) => a.hosts === b.hosts && sameShadows(a, b) && a.spaces === b.spaces, hostRecords),
  whole(
    (a, b) => a.spaces === b.spaces && sameShadows(a, b),
    (to, guest, names) => {
      for (const space of Object.values(guest.spaces)) spaceRecords(to, guest, space, names);
    },
  ),
  whole(
    (a, b) => a.inFlight === b.inFlight && sameShadows(a, b) && a.spaces === b.spaces,
    flightRecords,
  ),
];
