// Length: one host, whose calls, reach and caches are looked at.

import { describe, expect, it } from "vitest";
import type { Call, TableData } from "../../calls/call.ts";
import { hpa, sourceId } from "../../events/address.ts";
import type { HostCaches } from "./host-caches.ts";
import { forget, heldBy } from "./host-caches.ts";
import { extentAt, withoutPages } from "./host-extents.ts";
import type { Kernel } from "./host-kernel.ts";
import { apply, emptyKernel, keyOf } from "./host-kernel.ts";
import type { HostRequest } from "./host-reach.ts";
import { reach } from "./host-reach.ts";

const device = { source: sourceId(0x20), pasid: undefined };
const process = { source: sourceId(0x20), pasid: 5 };

const map = (space: number, page: number, count: number, frame: number, write = true): Call => ({
  ...{ call: "map", space, input: BigInt(page) << 12n, length: BigInt(count) << 12n },
  ...{ host: hpa(BigInt(frame) << 12n), read: true, write },
});

const unmap = (space: number, page: number, count: number): Call => ({
  ...{ call: "unmap", space, input: BigInt(page) << 12n, length: BigInt(count) << 12n },
});

const data: TableData = {
  ...{ root: 0x1000n, levels: 4, sre: false, ere: false },
  ...{ wpe: false, nxe: true, smep: false, eafe: false },
};

/** A host with two spaces, a table over the first, and who uses what. */
const some: readonly Call[] = [
  { call: "createSpace", space: 1, kind: "p2m" },
  map(1, 0, 16, 0x100),
  { call: "createSpace", space: 2, kind: "shadow" },
  map(2, 0x10, 4, 0x100, false),
  { call: "createTable", table: 1, over: 1, data },
  { call: "attach", requester: device, target: { to: "space", space: 2 } },
  { call: "attach", requester: process, target: { to: "table", table: 1 } },
];

function made(calls: readonly Call[], from = emptyKernel): Kernel {
  return calls.reduce((kernel, call) => {
    const outcome = apply(kernel, call);
    if (typeof outcome === "string") throw new Error(outcome);
    return outcome;
  }, from);
}

const misuses: readonly (readonly [string, Call])[] = [
  ["was there before", { call: "createSpace", space: 1, kind: "shadow" }],
  ["is in use", { call: "destroySpace", space: 2 }],
  ["is in use", { call: "destroySpace", space: 1 }],
  ["no space 3", { call: "destroySpace", space: 3 }],
  ["mapped already", map(1, 15, 2, 0x500)],
  ["mapped already", map(2, 0xf, 2, 0x500)],
  ["no space 3", map(3, 0, 1, 0x500)],
  ["not made of pages", { ...map(1, 0x80, 1, 0x500), input: 0x80800n } as Call],
  ["not made of pages", { ...map(1, 0x80, 1, 0x500), length: 0n } as Call],
  ["without any right", { ...map(1, 0x80, 1, 0x500, false), read: false } as Call],
  ["beyond 64 bits", unmap(1, 2 ** 52 - 1, 2)],
  ["no space 3", unmap(3, 0, 1)],
  ["was there before", { call: "createTable", table: 1, over: 1, data }],
  ["no space 3", { call: "createTable", table: 2, over: 3, data }],
  ["not a page", { call: "createTable", table: 2, over: 1, data: { ...data, root: 8n } }],
  ["is in use", { call: "destroyTable", table: 1 }],
  ["no table 2", { call: "destroyTable", table: 2 }],
  ["no space 3", { call: "attach", requester: device, target: { to: "space", space: 3 } }],
  ["no table 2", { call: "attach", requester: device, target: { to: "table", table: 2 } }],
  ["not attached", { call: "detach", requester: { ...device, pasid: 1 } }],
  [
    "no table 2",
    {
      ...{ call: "invalidateTable", table: 2 },
      ...{ input: undefined, length: undefined, leafOnly: false },
    },
  ],
  [
    "half of a range",
    { call: "invalidateTable", table: 1, input: 0n, length: undefined, leafOnly: true },
  ],
  ["no space 3", { call: "trackDirty", space: 3, enabled: true }],
];

describe("the host's kernel", () => {
  it.each(misuses)("[HC5] what cannot be is refused: %s", (why, call) => {
    expect(apply(made(some), call)).toContain(why);
  });

  it("[HC5] what nobody uses any more may go, and its number does not come back", () => {
    const calls: Call[] = [
      { call: "detach", requester: process },
      { call: "destroyTable", table: 1 },
      { call: "destroySpace", space: 1 },
    ];
    const kernel = made(calls, made(some));
    expect([...kernel.spaces.keys()]).toEqual([2]);
    expect(kernel.tables.size).toBe(0);
    expect(apply(kernel, { call: "createSpace", space: 1, kind: "p2m" })).toContain("before");
    const again: Call = { call: "createTable", table: 1, over: 2, data };
    expect(apply(kernel, again)).toContain("before");
  });

  it("[HC5] a space below a table may not go before it", () => {
    const kernel = made([{ call: "detach", requester: process }], made(some));
    expect(apply(kernel, { call: "destroySpace", space: 1 })).toContain("below a table");
  });

  it("[HC5] a call that changes nothing leaves the same host", () => {
    const kernel = made(some);
    const idle: Call[] = [
      unmap(1, 0x80, 4),
      { call: "attach", requester: device, target: { to: "space", space: 2 } },
      { call: "trackDirty", space: 1, enabled: false },
    ];
    for (const call of idle) expect(apply(kernel, call)).toBe(kernel);
  });

  it("[HC5] a mapping may be cut", () => {
    const cut = withoutPages(made(some).spaces.get(1)?.extents ?? [], 4, 8);
    expect(cut.map(({ first, count, frame }) => [first, count, frame])).toEqual([
      [0, 4, 0x100],
      [8, 8, 0x108],
    ]);
    expect(extentAt(cut, 8)?.first).toBe(8);
    expect(extentAt(cut, 7)).toBeUndefined();
  });
});

/** Entries by HPA: tables at guest pages 1 to 3, and a page of 2 MiB. */
const words = new Map<bigint, bigint>([
  [0x101000n, 0x2027n],
  [0x102000n, 0x3027n],
  [0x103000n, 0x67n + 0x20_0000n + 0x80n],
  [0x103008n, 0x4007n],
  [0x104000n, 0x5027n],
  [0x104008n, 0x5007n],
]);

const nothing = { root: 0n, read64: () => undefined, canWrite: () => false };
const hardware = {
  unit: { cap: 0n, ecap: 0n, haw: 39, ...nothing },
  read64: (at: bigint) => words.get(at),
};

const ask = (page: number, more: Partial<HostRequest> = {}): HostRequest => ({
  ...{ ...process, page, write: false, privileged: false, execute: false },
  ...more,
});

describe("what a requester reaches", () => {
  const kernel = made([map(1, 0x200, 512, 0x600)], made(some));

  it("[HC6] a space gives its frame for the rights that it has", () => {
    const by = { pasid: undefined };
    expect(reach(kernel, hardware, ask(0x12, by))).toBe(0x102);
    expect(reach(kernel, hardware, ask(0x12, { ...by, write: true }))).toBeUndefined();
    expect(reach(kernel, hardware, ask(0x14, by))).toBeUndefined();
    expect(reach(kernel, hardware, ask(0x12, { pasid: 6 }))).toBeUndefined();
  });

  it("[HC6] a first stage is walked with 9 bits a level, each table where the space has it", () => {
    expect(reach(kernel, hardware, ask(0x23))).toBe(0x623);
    expect(reach(kernel, hardware, ask(512))).toBe(0x105);
    expect(reach(kernel, hardware, ask(514))).toBeUndefined();
    expect(reach(kernel, hardware, ask(2 ** 36))).toBeUndefined();
  });

  it("[HC6] a table whose bits are to be set must be writable below", () => {
    const readOnly = [unmap(1, 4, 1), map(1, 4, 1, 0x104, false)];
    const locked = made(readOnly, kernel);
    expect(reach(locked, hardware, ask(512))).toBe(0x105);
    expect(reach(locked, hardware, ask(513))).toBeUndefined();
    expect(reach(kernel, hardware, ask(513))).toBe(0x105);
  });

  it("[HC6] rights that the table does not grant are refused", () => {
    expect(reach(kernel, hardware, ask(0x23, { privileged: true }))).toBeUndefined();
    expect(reach(kernel, hardware, ask(0x23, { execute: true }))).toBeUndefined();
    const all = { ...data, sre: true, ere: true };
    const calls: Call[] = [
      { call: "createTable", table: 2, over: 1, data: all },
      { call: "attach", requester: process, target: { to: "table", table: 2 } },
    ];
    const open = made(calls, kernel);
    expect(reach(open, hardware, ask(0x23, { privileged: true }))).toBe(0x623);
    expect(reach(open, hardware, ask(0x23, { execute: true }))).toBe(0x623);
  });
});

describe("what hardware holds", () => {
  const kernel = made(some);
  const key = keyOf(process);
  const filled = (): HostCaches => {
    const caches: HostCaches = new Map();
    const held = heldBy(caches, key);
    for (const page of [3, 515, 1030]) held.pages.add(page);
    for (const prefix of [0, 1, 2]) held.tables.get(1)?.add(prefix);
    return caches;
  };
  const left = (calls: readonly Call[]) => {
    const caches = filled();
    for (const call of calls) forget(caches, kernel, call);
    const held = caches.get(key);
    return [[...(held?.pages ?? [])], [...(held?.tables.get(1) ?? [])]];
  };
  const range = { input: 512n << 12n, length: 512n << 12n };

  it("[HC7] is forgotten as far as an invalidation says, tables too unless leaves alone", () => {
    const call = "invalidateTable";
    expect(left([{ call, table: 1, ...range, leafOnly: false }])).toEqual([
      [3, 1030],
      [0, 2],
    ]);
    expect(left([{ call, table: 1, ...range, leafOnly: true }])).toEqual([
      [3, 1030],
      [0, 1, 2],
    ]);
    const all = { input: undefined, length: undefined, leafOnly: false };
    expect(left([{ call, table: 1, ...all }])).toEqual([[], []]);
  });

  it("[HC7] is forgotten when its requester goes elsewhere, or the space below changes", () => {
    expect(left([{ call: "detach", requester: process }])).toEqual([[], []]);
    expect(left([unmap(1, 0, 1)])).toEqual([[], []]);
    expect(left([unmap(2, 0x10, 1)])[0]).toHaveLength(3);
    expect(left([{ call: "detach", requester: device }])[0]).toHaveLength(3);
  });
});
