import { describe, expect, test } from "vitest";
import { at } from "../../events/registers/offset.ts";
import { summarise } from "../../history/summary.ts";
import {
  allRights,
  answers,
  asks,
  asksFor,
  clear,
  deviceBooted,
  forgetEverywhere,
  forgetPage,
  forgetPasidPage,
  forgetPasidRange,
  uses,
} from "./device-driver.ts";
import { first, holding, landed, leaf, ready, refused } from "./device-scene.ts";
import { command, memory, protect, unmap } from "./driver.ts";
import type { Inputs } from "./given.ts";
import { below, data, firstStage, gva, other, pasids, slot } from "./scalable-driver.ts";
import { announce, iotlbOfAll, pasidIotlb } from "./scalable-queue.ts";
import { hostBase, nvme } from "./unit.ts";

describe("device-TLB invalidation", () => {
  const unmapped = holding.when(clear(leaf), announce(pasidIotlb(1, pasids.firstStage)));

  test("[AT14] the device goes on using what it has until it answers", () => {
    expect(landed(unmapped, uses("read", gva, first))).toBe(hostBase + data);
    const asked = unmapped.when(announce(forgetPasidPage(pasids.firstStage, gva), 1));
    expect(asked.of("DeviceTlbInvalidated")).toMatchObject([
      { device: nvme, pasid: pasids.firstStage, iova: gva, length: 0x1000n },
    ]);
    expect(landed(asked, uses("read", gva, first))).toBe(hostBase + data);
    expect(refused(asked.when(answers()), uses("read", gva, first))).toBe(true);
  });

  test.each<readonly [string, bigint, boolean]>([
    ["its page", forgetPasidPage(pasids.firstStage, gva), true],
    ["the page after it", forgetPasidPage(pasids.firstStage, gva + 0x1000n), false],
    ["2 pages around it", forgetPasidRange(pasids.firstStage, gva & ~0x1fffn, 1), true],
    ["16 pages around it", forgetPasidRange(pasids.firstStage, gva & ~0xffffn, 4), true],
    [
      "16 pages after it",
      forgetPasidRange(pasids.firstStage, (gva & ~0xffffn) + 0x1_0000n, 4),
      false,
    ],
    ["another PASID", forgetPasidPage(pasids.secondStage, gva), false],
    ["requests without PASID", forgetPage(gva), false],
    ["every PASID", forgetEverywhere, true],
  ])("[AT15] an invalidation covers what its size, PASID and G say: %s", (_, descriptor, gone) => {
    const scene = holding.when(announce(descriptor), answers());
    expect(refused(scene, uses("read", gva, first))).toBe(gone);
  });

  test("[AT15] a global one leaves what requests without PASID hold", () => {
    const scene = ready.when(asks("read", below), announce(forgetEverywhere), answers());
    expect(landed(scene, uses("read", below))).toBe(hostBase);
    const own = scene.when(announce(forgetPage(below), 1), answers());
    expect(refused(own, uses("read", below))).toBe(true);
  });

  test("[AT16] a page that is a part of a larger one takes all of it along", () => {
    const large = memory(slot(firstStage.l2, 2, gva), 0x20_0087n);
    const scene = ready.when(large, asks("read", gva, first));
    expect(scene.of("TranslationAnswered")).toMatchObject([{ size: "2M" }]);
    const some = scene.when(announce(forgetPasidPage(pasids.firstStage, gva + 0x3000n)), answers());
    expect(refused(some, uses("read", gva, first))).toBe(true);
  });

  test("[AT17] a time-out or a failed answer leaves the device with what it has", () => {
    const asked = unmapped.when(announce(forgetPasidPage(pasids.firstStage, gva), 1));
    const late = asked.when({ type: "InvalidationTimeout" });
    expect(late.register(at.fsts)).toBe(0x40n);
    expect(landed(late, uses("read", gva, first))).toBe(hostBase + data);
    const failed = asked.when(answers("failed"));
    expect(failed.register(at.fsts)).toBe(0x20n);
    expect(landed(failed, uses("read", gva, first))).toBe(hostBase + data);
  });

  test("[AT18] what was sent by means of a forgotten entry lands before the answer counts", () => {
    const issue = (tag: number, iova: bigint): Inputs => ({
      ...(uses("write", iova, first) as ReturnType<typeof asks>),
      ...{ type: "DmaIssue", tag, access: "write", bytes: new Uint8Array([1]), length: 1 },
    });
    const next = slot(firstStage.l1, 1, gva + 0x1000n);
    const scene = ready.when(
      memory(next, 0x9007n),
      [asks("write", gva, first), asks("write", gva + 0x1000n, first)],
      [issue(1, gva), issue(2, gva + 0x1000n)],
      [announce(pasidIotlb(1, pasids.firstStage)), announce(iotlbOfAll, 1)],
      announce(forgetPasidPage(pasids.firstStage, gva), 2),
    );
    expect(scene.of("DmaLanded")).toEqual([]);
    const done = scene.when(answers());
    expect(done.types.slice(0, 2)).toEqual(["DmaLanded", "DeviceTlbAnswered"]);
    expect(done.of("DmaLanded")).toMatchObject([{ tag: 1 }]);
    expect(Object.keys(done.guest().inFlight)).toEqual(["2"]);
  });
});

describe("what a device holds", () => {
  test.each<readonly [string, Inputs]>([
    ["unmapped", unmap(data, 0x1000n)],
    ["unmapped as a part of more", unmap(0n, 0x20_0000n)],
    ["protected", protect(data, 0x1000n, false, true)],
  ])("[AT19] a guest page that is %s is gone from it before the P2M changes", (_, change) => {
    const scene = holding.when(change);
    expect(scene.of("HostDeviceTlbFlushed")).toMatchObject([
      { device: nvme, pasid: pasids.firstStage, iova: gva, length: 0x1000n },
    ]);
    expect(scene.types.indexOf("HostDeviceTlbFlushed")).toBeLessThan(
      scene.types.findIndex((type) => type.startsWith("P2m")),
    );
    expect(refused(scene, uses("read", gva, first))).toBe(true);
  });

  test("[AT19] a page that it holds to read and to execute is flushed once", () => {
    const both = holding.when(asks("read", gva, { ...first, execute: true }));
    expect(both.when(unmap(data, 0x1000n)).of("HostDeviceTlbFlushed")).toHaveLength(1);
  });

  test("[AT19] other pages stay, and so does everything when only something is granted", () => {
    expect(landed(holding.when(unmap(0x8000n, 0x1000n)), uses("read", gva, first))).toBeDefined();
    const closed = holding.when(protect(0x8000n, 0x1000n, true, false));
    const opened = closed.when(protect(0x8000n, 0x1000n, true, true));
    expect(opened.of("HostDeviceTlbFlushed")).toEqual([]);
  });

  test("[AT20] it outlasts translation off, a reset and a new root pointer, not the device", () => {
    const size = (...inputs: readonly Inputs[]): number =>
      holding.when(...inputs).guest().deviceTlbs.size;
    expect(size(command(0n))).toBe(1);
    expect(size({ type: "UnitReset" })).toBe(1);
    expect(size({ type: "UnitDestroy" })).toBe(0);
    expect(size({ type: "DeviceRemove", device: nvme })).toBe(0);
    expect(size({ type: "DeviceRemove", device: other })).toBe(1);
    const again = holding.when({ type: "UnitReset" }, deviceBooted, allRights);
    expect(landed(again, uses("read", gva, first))).toBe(hostBase + data);
  });

  test("[AT22] a summary lists what devices hold, and for what they wait", () => {
    const { tables } = summarise(holding.when(asksFor(gva)).guest());
    expect(tables["deviceTlbs"]).toEqual({
      "00:04.0 PASID 0x41 0x123456000": {
        ...{ pasid: "0x41", pages: 1, hpa: "0x100007000" },
        ...{ size: "4K", read: "ok", write: "permission" },
      },
    });
    const group = { pasid: "0x41", state: "awaiting" };
    expect(tables["pageGroups"]).toEqual({ "00:04.0 PASID 0x41 group 1": group });
  });

  test("[AT21] a record has it", () => {
    const [saved] = holding.when({ type: "UnitSave" }).of("UnitSaved");
    const scene = ready.when({ type: "UnitRestore", record: saved?.record ?? "" });
    expect(scene.refusals).toEqual([]);
    expect(scene.guest().deviceTlbs).toEqual(holding.guest().deviceTlbs);
    expect(landed(scene, uses("read", gva, first))).toBe(hostBase + data);
  });
});
