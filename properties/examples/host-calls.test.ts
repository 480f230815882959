// Length: one example a kind of guest operation, over one world.

import { describe, expect, test } from "vitest";
import type { Call } from "../../calls/call.ts";
import { callsAtStart } from "../../calls/calls-of.ts";
import type { SourceId } from "../../events/address.ts";
import { at } from "../../events/registers/offset.ts";
import { pageResponse } from "./device-driver.ts";
import { one } from "./device-scene.ts";
import {
  booted,
  command,
  contextEntry,
  contextsOfAll,
  contextsOfDevice,
  iotlbOfAll,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  protect,
  queueOn,
  submit,
  tables,
  te,
  topTable,
  turnOn,
  unmap,
  width4,
  write,
  write8,
} from "./driver.ts";
import { flat, given } from "./given.ts";
import { callsIn, following, hostAfter, named } from "./host-scene.ts";
import { dids, firstStage, firstStageEntry, gva, pasidEntry, pasids } from "./scalable-driver.ts";
import { allPasids, announce, onePasid, pasidIotlb, pasidPage } from "./scalable-queue.ts";
import { ready as scalable } from "./scalable-scene.ts";
import { behindBridge, bridge, hostBase, nvme, unit } from "./unit.ts";

const ready = given(unit(), booted, queueOn);
const second = (nvme + 8) as SourceId;
const mapped = (calls: readonly Call[]) => calls.filter(({ call }) => call === "map");

describe("what a shadow asks of the host", () => {
  test("[HK1] a guest without physical devices asks for nothing", () => {
    const devices = [{ device: nvme, physical: false }];
    const scene = given(unit({ devices }));
    expect(callsAtStart(scene.world, 0)).toEqual([]);
    expect(callsIn(scene, booted, queueOn, submit(iotlbOfAll), unmap(0x20_0000n, 0x1000n))).toEqual(
      [],
    );
  });

  test("[HK2] at the start the P2M is a space, in maximal runs, and the device is on it", () => {
    const calls = callsAtStart(given(unit()).world, 0);
    expect(named(calls)).toEqual(["createSpace 0", "map 0", "map 0", `attach ${nvme}`]);
    expect(calls[1]).toMatchObject({ input: 0n, length: 0x80_0000n, host: hostBase });
  });

  test("[HK2] translation moves the device to a space that is whole by then", () => {
    const calls = callsIn(given(unit()), booted);
    expect(named(calls)).toEqual(["createSpace 1", "map 1", `attach ${nvme}`]);
    expect(calls[1]).toMatchObject({ input: page, length: 0x1000n, host: hostBase + 0x7000n });
  });

  test("[HK3] a change is unmapped before it is mapped; pages of a run are one call", () => {
    const change = memory(leafEntry, 0xa003n, 0xb003n, 0xd001n);
    const calls = callsIn(ready, change, submit(iotlbOfPage(5, page & ~0x3fffn, 4)));
    expect(calls).toMatchObject([
      { call: "unmap", input: page, length: 0x1000n },
      { call: "map", input: page, length: 0x2000n, host: hostBase + 0xa000n, write: true },
      { call: "map", input: page + 0x2000n, length: 0x1000n, read: true, write: false },
    ]);
  });

  test("[HK3] what comes to what it was asks for nothing", () => {
    expect(callsIn(ready, memory(leafEntry, 0x7003n), submit(iotlbOfAll))).toEqual([]);
  });

  test("[HK4] an entry that is replaced: the new space, the move, then the old one goes", () => {
    const change = memory(contextEntry, topTable | 1n, width4(6));
    const calls = callsIn(ready, change, submit(contextsOfDevice(5, nvme), iotlbOfAll));
    expect(named(calls)).toEqual(["createSpace 2", "map 2", `attach ${nvme}`, "destroySpace 1"]);
  });

  test("[HK5] devices of one domain share its space; the last that leaves takes it back", () => {
    const devices = [nvme, second].map((device) => ({ device, physical: true }));
    const both = memory(contextEntry + 0x80n, topTable | 1n, width4(5));
    const scene = given(unit({ devices }), queueOn);
    const calls = callsIn(scene, tables, both, turnOn);
    expect(named(calls)).toEqual(["createSpace 1", "map 1", `attach ${nvme}`, `attach ${second}`]);
    const on = scene.when(tables, both, turnOn, command(te | (1n << 26n)));
    const one = callsIn(on, memory(contextEntry, 0n), submit(contextsOfAll));
    expect(named(one)).toEqual([`detach ${nvme}`]);
    const none = callsIn(on, memory(contextEntry, 0n), memory(contextEntry + 0x80n, 0n), [
      submit(contextsOfAll),
    ]);
    expect(named(none)).toEqual([`detach ${nvme}`, `detach ${second}`, "destroySpace 1"]);
  });

  test("[HK5] devices behind a bridge are one requester", () => {
    const devices = [behindBridge, (behindBridge + 1) as SourceId].map((device) => ({
      ...{ device, physical: true },
      alias: bridge,
    }));
    const scene = given(unit({ devices }));
    expect(named(callsAtStart(scene.world, 0)).slice(3)).toEqual([`attach ${bridge}`]);
    expect(callsIn(scene, { type: "DeviceRemove", device: behindBridge })).toEqual([]);
    const rest = { type: "DeviceRemove", device: (behindBridge + 1) as SourceId } as const;
    const gone = scene.when({ type: "DeviceRemove", device: behindBridge });
    expect(named(callsIn(gone, rest))).toEqual([`detach ${bridge}`, "destroySpace 0"]);
  });

  test("[HK6] a page that the P2M loses goes from its space and from every shadow", () => {
    const calls = callsIn(ready, unmap(0x7000n, 0x1000n));
    expect(calls).toEqual([
      { call: "unmap", space: 0, input: 0x7000n, length: 0x1000n },
      { call: "unmap", space: 1, input: page, length: 0x1000n },
    ]);
  });

  test("[HK6] less rights in the P2M are mapped anew where they matter", () => {
    const calls = callsIn(ready, protect(0x7000n, 0x1000n, true, false));
    expect(named(calls)).toEqual(["unmap 0", "unmap 1", "map 0", "map 1"]);
    expect(mapped(calls)).toMatchObject([{ write: false }, { write: false, input: page }]);
  });

  test("[HK6] protected memory is not in the space of the P2M", () => {
    const scene = given(unit(), [
      write(at.plmbase, 0x20_0000n),
      write(at.plmlimit, 0x3f_ffffn),
      write8(at.phmbase, 0x1_0000_0000n),
    ]);
    const calls = callsIn(scene, write(at.pmen, 0x8000_0000n));
    expect(calls).toEqual([{ call: "unmap", space: 0, input: 0x20_0000n, length: 0x20_0000n }]);
    expect(mapped(callsIn(scene.when(write(at.pmen, 0x8000_0000n)), write(at.pmen, 0n)))).toEqual([
      expect.objectContaining({ input: 0x20_0000n, length: 0x20_0000n }),
    ]);
  });

  test("[HK7] a reset sends devices to the P2M and takes shadows back", () => {
    const calls = callsIn(ready, { type: "UnitReset" });
    expect(named(calls)).toEqual([`attach ${nvme}`, "destroySpace 1"]);
  });

  test("[HK7] a restore makes all anew, under numbers that nobody has used", () => {
    const [saved] = ready.when({ type: "UnitSave" }).of("UnitSaved");
    const restore = { type: "UnitRestore", record: saved?.record ?? "" } as const;
    const host = following(ready);
    hostAfter(callsIn(ready, restore), host);
    expect(host.spaces.size).toBe(2);
    expect(Math.min(...host.spaces.keys())).toBeGreaterThanOrEqual(2 ** 32);
  });

  test("[HK8] a host that takes over with translation on has what one has that was there", () => {
    const host = following(given(unit()));
    hostAfter(callsIn(given(unit()), booted, queueOn), host);
    const later = [memory(leafEntry, 0xa003n), submit(iotlbOfAll), unmap(0x9000n, 0x1000n)];
    hostAfter(callsIn(ready, later), host);
    const taken = following(ready.when(later));
    const joined = (runs: unknown) => JSON.stringify(runs);
    expect([...taken.spaces.keys()]).toEqual([...host.spaces.keys()]);
    expect(joined([...taken.spaces.values()])).toBe(joined([...host.spaces.values()]));
    expect([...taken.targets]).toEqual([...host.targets]);
  });
});

describe("what a first stage asks of the host", () => {
  const user = { source: nvme, pasid: pasids.firstStage };

  test("[HK9] a first stage is a table over the P2M, or over a shadow", () => {
    const [plain] = callsIn(scalable, announce(onePasid(dids.firstStage, pasids.firstStage)));
    expect(plain).toMatchObject({ over: 0, data: { root: firstStage.l4, levels: 4, sre: false } });
    const nested = callsIn(scalable, announce(onePasid(dids.nested, pasids.nested)));
    const [space] = nested.filter(({ call }) => call === "createSpace");
    const [table] = nested.filter(({ call }) => call === "createTable");
    expect(table).toMatchObject({ over: space?.call === "createSpace" ? space.space : -1 });
    expect(nested.at(-1)).toMatchObject({ call: "attach", requester: { pasid: pasids.nested } });
  });

  test("[HK9] an invalidation of its PASID reaches the table, by page or whole", () => {
    const used = scalable.when({
      ...{ type: "Dma", device: nvme, access: "read" },
      iova: gva as never,
      pasid: pasids.firstStage,
    });
    const [all] = callsIn(used, announce(pasidIotlb(1, pasids.firstStage)));
    expect(all).toMatchObject({ call: "invalidateTable", input: undefined, leafOnly: false });
    const [some] = callsIn(used, announce(pasidPage(1, pasids.firstStage, gva, true)));
    expect(some).toMatchObject({ input: gva, length: 0x1000n, leafOnly: true });
    expect(callsIn(used, announce(pasidIotlb(2, pasids.firstStage)))).toEqual([]);
  });

  test("[HK9] other rights of supervisors are another table", () => {
    const used = scalable.when({
      ...{ type: "Dma", device: nvme, access: "read" },
      iova: gva as never,
      pasid: pasids.firstStage,
    });
    const change = pasidEntry(pasids.firstStage, firstStageEntry({ sre: true }));
    const calls = callsIn(used, change, announce(allPasids));
    const named = calls.filter((call) => !("requester" in call) || call.requester.pasid === 1);
    expect(named.map(({ call }) => call)).toContain("createTable");
    expect(calls.find(({ call }) => call === "createTable")).toMatchObject({ data: { sre: true } });
    expect(calls.some((one) => one.call === "destroyTable")).toBe(true);
    expect(calls.findIndex(({ call }) => call === "attach")).toBeLessThan(
      calls.findIndex(({ call }) => call === "destroyTable"),
    );
  });

  test("[HK9] a table that is made by the same input has nothing to forget", () => {
    const change = pasidEntry(pasids.firstStage, firstStageEntry({ sre: true }));
    const used = scalable.when(announce(onePasid(dids.firstStage, pasids.firstStage)));
    const [entries, tail] = [
      flat([announce(onePasid(dids.firstStage, pasids.firstStage), 1)]).slice(0, -1),
      flat([announce(pasidIotlb(dids.firstStage, pasids.firstStage), 2)]),
    ];
    const calls = callsIn(used, change, entries, tail);
    expect(calls.filter(({ call }) => call === "createTable")).toHaveLength(1);
    expect(calls.filter(({ call }) => call === "invalidateTable")).toEqual([]);
  });

  test("[HK10] a page request that was relayed is answered when the guest answers", () => {
    const calls = callsIn(one, announce(pageResponse(), 0));
    expect(calls).toEqual([
      { call: "answerPages", requester: user, group: expect.any(Number), response: "success" },
    ]);
  });

  test("[HK10] a guest that unbinds before it answers: the answer still goes out", () => {
    const unbind = [pasidEntry(pasids.firstStage, {}), announce(allPasids, 0)];
    const gone = callsIn(one, unbind);
    expect(named(gone)).toContain(`detach ${nvme}`);
    const after = one.when(unbind);
    expect(callsIn(after, announce(pageResponse(), 1)).map(({ call }) => call)).toEqual([
      "answerPages",
    ]);
  });
});

test("[HK11] dirty tracking is asked for of each space, and of those that come", () => {
  const scene = given(unit());
  const begin = { type: "DirtyTracking", enabled: true } as const;
  expect(callsIn(scene, begin)).toEqual([{ call: "trackDirty", space: 0, enabled: true }]);
  const tracked = scene.when(begin);
  expect(callsIn(tracked, begin)).toEqual([]);
  expect(named(callsIn(tracked, booted)).slice(0, 2)).toEqual(["createSpace 1", "trackDirty 1"]);
  expect(named(callsAtStart(tracked.world, 0)).slice(0, 2)).toEqual([
    "createSpace 0",
    "trackDirty 0",
  ]);
  const end = { type: "DirtyTracking", enabled: false } as const;
  expect(callsIn(tracked.when(booted), end)).toEqual([
    { call: "trackDirty", space: 0, enabled: false },
    { call: "trackDirty", space: 1, enabled: false },
  ]);
});
