import { describe, expect, test } from "vitest";
import { reason } from "../../events/fault/fault-reason.ts";
import { at } from "../../events/registers/offset.ts";
import { asks, clear, deviceBooted, deviceUnit, uses } from "./device-driver.ts";
import { first, holding, landed, leaf, ready, recordOf, refused } from "./device-scene.ts";
import {
  booted,
  command,
  contextEntry,
  contextsOfAll,
  memory,
  page,
  tables,
  topTable,
  turnOn,
  unmap,
  width4,
} from "./driver.ts";
import type { Inputs } from "./given.ts";
import { given } from "./given.ts";
import type { Rights } from "./scalable-driver.ts";
import {
  below,
  context,
  data,
  firstStage,
  firstStageEntry,
  firstStageTables,
  gva,
  other,
  pasidEntry,
  pasids,
  passThroughEntry,
  secondStage,
  slot,
} from "./scalable-driver.ts";
import { allPasids, announce, iotlbOfAll } from "./scalable-queue.ts";
import { hostBase, nvme, range, unit } from "./unit.ts";

describe("translation requests", () => {
  test("[AT1] an answer goes into the device's TLB, and a translated request where it says", () => {
    expect(holding.of("TranslationAnswered")).toMatchObject([
      { device: nvme, iova: gva, pasid: pasids.firstStage, gpa: data, hpa: hostBase + data },
    ]);
    expect(landed(holding, uses("read", gva + 8n, first))).toBe(hostBase + data + 8n);
    expect(refused(ready, uses("read", gva, first))).toBe(true);
    expect(refused(holding, uses("read", gva))).toBe(true);
    expect(refused(holding, uses("read", gva, first, other))).toBe(true);
  });

  test("[AT2] without DTE, or with another TT than 1, it is blocked with 44h or Dh", () => {
    const closed = given(
      deviceUnit(),
      deviceBooted,
      context({ dte: false }),
      announce(contextsOfAll),
    );
    const scene = closed.when(asks("read", gva, first));
    expect(scene.of("TranslationBlocked")).toMatchObject([{ reason: 0x44 }]);
    expect(recordOf(scene)).toMatchObject({ fr: 0x44, at: 1, t1: true, pp: true, fi: gva });
    const legacy = given(unit(), booted).when(asks("write", page));
    expect(recordOf(legacy)).toMatchObject({ fr: reason.typeBlocked, at: 1, t1: false, pp: false });
    const allowed = given(unit(), tables, memory(contextEntry, topTable | 5n, width4(5)), turnOn);
    expect(allowed.when(asks("write", page)).of("TranslationAnswered")).toMatchObject([
      { gpa: data, read: true, write: true },
    ]);
    expect(recordOf(allowed.when(asks("read", page, first)))).toMatchObject({ fr: 0x31 });
  });

  const l3 = slot(firstStage.l3, 3, gva);
  const l4 = slot(firstStage.l4, 4, gva);
  const execute: Rights = { pasid: pasids.secondStage, execute: true };
  const nested: Rights = { pasid: pasids.nested };
  const nestedTables = firstStageTables(below);
  const nestedSlot = (gpa: bigint): bigint => slot(secondStage.l1, 1, below + gpa);
  test.each<readonly [string, Inputs, Inputs]>([
    ["51h", [], asks("read", gva, { pasid: 0x1000 })],
    ["59h", [], asks("read", gva, { pasid: 0x40 })],
    ["5Ch", [], asks("read", below, execute)],
    ["5Dh", [], asks("read", below, { pasid: pasids.secondStage, privileged: true })],
    ["70h", memory(l4, 0x9000_0007n), asks("read", gva, first)],
    ["71h", clear(leaf), asks("read", gva, first)],
    ["72h", memory(l4, firstStage.l3 | 0x87n), asks("read", gva, first)],
    ["80h", [], asks("read", 1n << 47n, first)],
    ["84h", [], asks("read", 1n << 48n, { pasid: pasids.secondStage })],
    ["71h at level 3", clear(l3), asks("read", gva, first)],
    ["81h", memory(leaf, data | 3n), asks("read", gva, first)],
    ["79h", clear(slot(secondStage.l1, 1, below)), asks("read", below, { pasid: 0x42 })],
    ["79h of requests without PASID", clear(slot(secondStage.l1, 1, below)), asks("read", below)],
    ["75h", [nestedTables, clear(nestedSlot(firstStage.l4))], asks("read", gva, nested)],
    ["76h", [nestedTables, clear(nestedSlot(firstStage.l2))], asks("read", gva, nested)],
    [
      "77h",
      [nestedTables, memory(nestedSlot(firstStage.l2), firstStage.l2 | 1n)],
      asks("read", gva, nested),
    ],
    ["a P2M hole", memory(leaf, 0x9000_0007n), asks("read", gva, first)],
  ])("[AT3] a page that is not there or not permitted is no fault: %s", (_, change, asked) => {
    const after = ready.when(change, announce(iotlbOfAll), asked);
    expect(after.of("TranslationAnswered")).toMatchObject([{ read: false, write: false }]);
    expect(after.of("TranslationAnswered")[0]?.hpa).toBeUndefined();
    expect(after.register(at.fsts)).toBe(0n);
    expect(after.guest().deviceTlbs.size).toBe(0);
  });

  test("[AT4] of a page that may only be read a request to write is given that", () => {
    const scene = ready.when(memory(leaf, data | 5n), asks("write", gva, first));
    expect(scene.of("TranslationAnswered")).toMatchObject([{ read: true, write: false }]);
    expect(landed(scene, uses("read", gva, first))).toBe(hostBase + data);
    expect(refused(scene, uses("write", gva, first))).toBe(true);
  });

  test.each<readonly [string, number, Inputs, Inputs]>([
    ["87h", reason.scalableInterruptRange, memory(leaf, 0xfee0_0007n), asks("read", gva, first)],
    ["46h", reason.pasidBeyondDirectory, [], asks("read", gva, { pasid: 0x2000 })],
  ])("[AT5] what is wrong in what the system sets up is a fault: %s", (_, code, change, asked) => {
    const scene = ready.when(change, asked);
    expect(scene.of("TranslationBlocked")).toMatchObject([{ reason: code }]);
    expect(recordOf(scene)).toMatchObject({ fr: code, at: 1 });
  });

  test("[AT6] asking to write sets the dirty bit; the no-write flag does not", () => {
    const dirty = 0x40n;
    expect(holding.word(leaf) & dirty).toBe(0n);
    expect(holding.of("TranslationAnswered")).toMatchObject([{ read: true, write: false }]);
    const written = ready.when(asks("write", gva, first));
    expect(written.word(leaf) & dirty).toBe(dirty);
    expect(written.of("TranslationAnswered")).toMatchObject([{ read: true, write: true }]);
    const without = given(deviceUnit({ ecap: { nwfs: false } }), deviceBooted);
    const asked = without.when(asks("read", gva, first));
    expect(asked.word(leaf) & dirty).toBe(dirty);
    expect(landed(asked, uses("write", gva, first))).toBe(hostBase + data);
  });

  test("[AT7] a right that was not granted is not used", () => {
    const execute: Rights = { ...first, execute: true };
    const supervisor: Rights = { ...first, privileged: true };
    expect(refused(holding, uses("read", gva, execute))).toBe(true);
    expect(refused(holding, uses("read", gva, supervisor))).toBe(true);
    const executing = ready.when(asks("read", gva, execute));
    expect(executing.of("TranslationAnswered")).toMatchObject([{ execute: true }]);
    expect(landed(executing, uses("read", gva, execute))).toBe(hostBase + data);
    expect(landed(executing, uses("read", gva, first))).toBe(hostBase + data);
    const nxe = firstStageEntry({ ere: true, nxe: true });
    const denied = given(
      deviceUnit(),
      deviceBooted,
      pasidEntry(pasids.firstStage, nxe),
      announce(contextsOfAll),
      memory(leaf, data | (1n << 63n) | 7n),
    );
    const [answer] = denied.when(asks("read", gva, execute)).of("TranslationAnswered");
    expect(answer).toMatchObject({ read: true });
    expect(answer?.execute).toBeUndefined();
  });

  test("[AT8] without PASID the interrupt range is answered with the address as it is", () => {
    const scene = ready.when(asks("write", 0xfee0_0000n));
    expect(scene.of("TranslationAnswered")).toMatchObject([{ untranslated: true, write: true }]);
    expect(refused(scene, uses("write", 0xfee0_0000n))).toBe(true);
  });

  test("[AT9] with translation off both kinds are blocked, and nothing is reported", () => {
    const off = holding.when(command(0n));
    expect(off.when(asks("read", gva, first)).of("TranslationBlocked")).toMatchObject([
      { host: "off" },
    ]);
    const scene = off.when(uses("read", gva, first));
    expect(scene.of("DmaBlocked")).toMatchObject([{ host: "off" }]);
    expect(scene.register(at.fsts)).toBe(0n);
  });

  test("[AT10] an emulated device holds guest pages, and the P2M is asked each time", () => {
    const devices = [{ device: nvme, physical: false }];
    const scene = given(deviceUnit({ devices }), deviceBooted).when(asks("read", gva, first));
    const [answer] = scene.of("TranslationAnswered");
    expect(answer).toMatchObject({ gpa: data });
    expect(answer?.hpa).toBeUndefined();
    expect(landed(scene, uses("read", gva, first))).toBe(hostBase + data);
    const gone = scene.when(unmap(data, 0x1000n));
    expect(gone.of("HostDeviceTlbFlushed")).toEqual([]);
    expect(gone.when(uses("read", gva, first)).of("DmaBlocked")).toMatchObject([{ host: "hole" }]);
  });

  test("[AT11] a page that is given without PASID ends where the interrupt range begins", () => {
    const p2m = [
      range(0n, hostBase, 0x80_0000n, "2M"),
      range(0xc000_0000n, 0x3_0000_0000n, 0x4000_0000n, "1G"),
    ];
    const rid = pasidEntry(pasids.rid, passThroughEntry({ did: 5 }));
    const scene = given(deviceUnit({ p2m }), deviceBooted, rid, announce(contextsOfAll)).when(
      announce(allPasids, 1),
    );
    const sizeOf = (rights?: Rights) =>
      scene.when(asks("read", 0xd000_0000n, rights)).of("TranslationAnswered")[0]?.size;
    expect(sizeOf()).toBe("2M");
    expect(sizeOf({ pasid: pasids.passThrough })).toBe("1G");
  });
});
