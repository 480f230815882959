import { describe, expect, test } from "vitest";
import type { SourceId } from "../../events/address.ts";
import { iova } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import { hostAt } from "../../projections/host/host-entry.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import {
  booted,
  contextEntry,
  iotlbOfDomain,
  iotlbOfPage,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  tables,
  turnOn,
  unmap,
  width4,
  writes,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { behindBridge, bridge, hostBase, nvme, unit } from "./unit.ts";

const target = (scene: Scene) => {
  const after = scene.when(reads(page));
  const [blocked] = after.of("DmaBlocked");
  return after.of("DmaLanded")[0]?.gpa ?? blocked?.reason ?? blocked?.host;
};
const assign = (device: SourceId, physical: boolean, alias?: SourceId): Input => ({
  type: "DeviceAssign",
  device,
  physical,
  ...(alias === undefined ? {} : { alias }),
});
const remove = (device: SourceId): Input => ({ type: "DeviceRemove", device });
const virtual = [{ device: nvme, physical: false }];

describe("coming and going", () => {
  test("[DV1] a DMA of a device that nobody assigned reaches nothing", () => {
    expect(target(given(unit({ devices: [] }), booted))).toBe("unassigned");
  });

  test("[DV2] a device that is assigned later meets the tables of now", () => {
    const scene = given(unit({ devices: [] }), booted).when(assign(nvme, true));
    expect(scene.of("HostEntryChanged")).toMatchObject([{ state: "shadowed", did: 5 }]);
    expect(target(scene)).toBe(0x7000n);
  });

  test("[DV3] a removed device reaches nothing, its shadow is gone, its DMA has landed", () => {
    const issue: Input = {
      type: "DmaIssue",
      tag: 1,
      device: nvme,
      iova: iova(page),
      access: "read",
      length: 8,
    };
    const scene = given(unit(), booted, issue).when(remove(nvme));
    expect(scene.types).toEqual(["DmaLanded", "DeviceRemoved", "ShadowDropped"]);
    expect(target(scene)).toBe("unassigned");
    expect(shadowsOf(scene.guest())).toEqual([]);
  });

  test("[DV4] a source-id that is taken, or a device that is not there, is refused", () => {
    const scene = given(unit());
    expect(scene.when(assign(nvme, true)).refusals).toEqual([
      "device assign: the source-id is taken",
    ]);
    expect(scene.when(remove(bridge)).refusals).toEqual(["device remove: there is no such device"]);
  });

  test("[DV5] physical and virtual devices do not share an alias", () => {
    const scene = given(unit(), assign(behindBridge, true, bridge));
    const other = scene.when(assign((behindBridge + 8) as SourceId, false, bridge));
    expect(other.refusals).toEqual(["device assign: a device of the other kind uses the alias"]);
  });

  test("[DV6] a device behind a bridge uses the context entry of the bridge", () => {
    const devices = [{ device: behindBridge, physical: true, alias: bridge }];
    const entry = memory(0x2000n + BigInt(bridge) * 16n, 0x3001n, width4(5));
    const scene = given(unit({ devices }), tables, entry, turnOn);
    const after = scene.when(reads(page, behindBridge));
    expect(after.of("DmaLanded")).toMatchObject([{ device: behindBridge, gpa: 0x7000n }]);
  });
});

describe("without caching mode", () => {
  const cap = { cm: false };

  test("[DV7] a physical device that needs tables is refused, without a fault", () => {
    const scene = given(unit({ cap }), booted);
    expect(hostAt(scene.guest().hosts, nvme, undefined)?.state).toBe("refused");
    const after = scene.when(reads(page));
    expect(after.of("DmaBlocked")).toMatchObject([{ host: "refused" }]);
    expect(after.of("FaultRecorded")).toEqual([]);
  });

  test("[DV8] pass-through and translation off work", () => {
    const off = given(unit({ cap })).when(reads(0x7000n));
    expect(off.of("DmaLanded")).toMatchObject([{ hpa: hostBase + 0x7000n }]);
    const scene = given(unit({ cap }), tables, memory(contextEntry, 9n, width4(5)), turnOn);
    expect(scene.when(reads(0x7000n)).of("DmaLanded")).toHaveLength(1);
  });

  test("[DV9] what was not present needs no invalidation", () => {
    const scene = given(unit({ cap, devices: virtual }), booted, memory(leafEntry, 0n));
    expect(target(scene)).toBe(6);
    expect(target(scene.when(memory(leafEntry, 0x7003n)))).toBe(0x7000n);
    const noContext = given(unit({ cap, devices: virtual }), tables, memory(contextEntry, 0n));
    const on = noContext.when(turnOn, reads(page));
    expect(on.of("DmaBlocked")).toMatchObject([{ reason: 2 }]);
    expect(target(on.when(memory(contextEntry, 0x3001n, width4(5))))).toBe(0x7000n);
  });
});

describe("virtual devices", () => {
  const ready = given(unit({ devices: virtual }), booted, queueOn);

  test("[DV10] the device model asks with each request; there is no shadow", () => {
    expect(hostAt(ready.guest().hosts, nvme, undefined)?.state).toBe("virtual");
    expect(shadowsOf(ready.guest())).toEqual([]);
    expect(target(ready)).toBe(0x7000n);
  });

  test("[DV11] what it was told once it keeps until an invalidation covers it", () => {
    const scene = ready.when(reads(page), memory(leafEntry, 0xa003n));
    expect(target(scene)).toBe(0x7000n);
    expect(target(scene.when(submit(iotlbOfPage(6, page))))).toBe(0x7000n);
    expect(target(scene.when(submit(iotlbOfPage(5, page))))).toBe(0xa000n);
    expect(target(scene.when(submit(iotlbOfDomain(5))))).toBe(0xa000n);
  });

  test("[DV14] a page of a superpage that it was told goes with the rest of it", () => {
    const superpage = ready.when(memory(0x5060n, 0x40_0082n), writes(page));
    expect(superpage.of("DmaLanded")).toMatchObject([{ gpa: 0x40_6000n }]);
    const split = superpage.when(memory(0x5060n, 0x6003n), reads(page));
    expect(split.of("DmaLanded")).toMatchObject([{ gpa: 0x7000n }]);
    const covered = split.when(submit(iotlbOfPage(5, page)), writes(page + 0x1000n));
    expect(covered.of("DmaBlocked")).toMatchObject([{ reason: 5 }]);
  });

  test("[DV12] what it never asked for is what the tables say now", () => {
    expect(target(ready.when(memory(leafEntry, 0xa003n)))).toBe(0xa000n);
  });

  test("[DV13] the P2M applies to it as it is now", () => {
    expect(target(ready.when(reads(page), unmap(0x7000n, 0x1000n)))).toBe("hole");
  });
});
