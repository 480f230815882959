import { describe, expect, test } from "vitest";
import type { Iova, SourceId } from "../../events/address.ts";
import { at } from "../../events/registers/offset.ts";
import {
  booted,
  iotlbOfDomain,
  leafEntry,
  memory,
  page,
  queueOn,
  reads,
  submit,
  waitNothing,
  write,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import {
  below,
  data,
  pasidEntry,
  pasids,
  scalableOn,
  scalableTables,
  scalableUnit,
  secondStageEntry,
  slot,
} from "./scalable-driver.ts";
import { nvme, unit } from "./unit.ts";

describe("translation for a device model", () => {
  const virtual = given(unit({ devices: [{ device: nvme, physical: false }] }), booted, queueOn);
  const ask = (scene: Scene, iova: bigint, access?: "read" | "write", device = nvme) =>
    scene.when({
      type: "DeviceTranslate",
      device,
      iova: iova as Iova,
      ...(access === undefined ? {} : { access }),
    });
  const answer = (scene: Scene) => scene.of("DeviceTranslationAnswered")[0];

  test("[DT2] the answer is page, mask and permissions", () => {
    expect(answer(ask(virtual, page + 0x123n))).toMatchObject({
      ...{ gpa: 0x7000n, size: "4K", mask: 0xffff_ffff_ffff_f000n, read: true, write: true },
    });
    const superpage = virtual.when(memory(0x5070n, 0x20_0083n));
    const told = answer(ask(superpage, 0x1c1_2345n, "write"));
    expect(told).toMatchObject({ gpa: 0x20_0000n, size: "2M", mask: ~0x1f_ffffn + (1n << 64n) });
  });

  test("[DT3] a fault is told and not recorded; the DMA that follows records it", () => {
    const scene = ask(virtual, 0x999_0000n, "read");
    expect(scene.types).toEqual(["DeviceTranslationAnswered"]);
    expect(answer(scene)).toMatchObject({ reason: 6, read: false, write: false });
    expect(scene.when(reads(0x999_0000n)).of("FaultRecorded")).toHaveLength(1);
  });

  test("[DT4] what a model was told it may use until an invalidation covers it", () => {
    const scene = ask(virtual, page).when(memory(leafEntry, 0xa003n));
    expect(scene.when(reads(page)).of("DmaLanded")).toMatchObject([{ gpa: 0x7000n }]);
    const covered = scene.when(submit(iotlbOfDomain(5), waitNothing));
    expect(covered.when(reads(page)).of("DmaLanded")).toMatchObject([{ gpa: 0xa000n }]);
  });

  test("[DT5] holes and interrupts are no pages; a physical device is refused", () => {
    const holes = virtual.when(memory(leafEntry, 0xff_f000_0003n));
    expect(answer(ask(holes, page))).toMatchObject({ host: "hole" });
    expect(answer(ask(virtual, 0xfee0_0000n, "write"))).toMatchObject({ host: "interrupt" });
    expect(ask(given(unit()), page).refusals).toEqual(["translate: the device is physical"]);
    const nobody = ask(given(unit()), page, "read", 0x55 as SourceId);
    expect(nobody.refusals).toEqual(["translate: there is no such device"]);
  });

  test("[DT5] a page of interrupt addresses may be read, and no larger one has them in it", () => {
    // A leaf of 2 MiB, of which the first half is the interrupt range.
    const linked = virtual.when(
      memory(slot(0x4000n, 3, 0xfee0_0000n), 0x9003n),
      memory(slot(0x9000n, 2, 0xfee0_0000n), 0x20_0083n),
    );
    const told = (iova: bigint) => answer(ask(linked, iova, "read"));
    expect(told(0xfee0_1000n)).toMatchObject({ gpa: 0x20_1000n, size: "4K", read: true });
    expect(told(0xfee0_1000n)).toMatchObject({ write: false });
    expect(told(0xfef0_1000n)).toMatchObject({ gpa: 0x30_1000n, size: "4K", write: true });
  });

  test("[DT5] no page that is told reaches into protected memory", () => {
    const all = { devices: [{ device: nvme, physical: false }], ecap: { pt: true } };
    const open = given(unit({ ...all, cap: { plmr: true } }));
    const asks = (scene: Scene) => answer(ask(scene, 0x40_0000n, "read"));
    expect(asks(open)?.size).not.toBe("4K");
    const closed = [write(at.plmbase, 0x20_0000n), write(at.pmen, 1n << 31n)];
    expect(asks(open.when(closed))).toMatchObject({ size: "4K" });
  });

  test("[DT5] the host has no page either where it refuses what a PASID entry asks for", () => {
    const devices = [{ device: nvme, physical: false }];
    const bits = pasidEntry(pasids.secondStage, secondStageEntry({ ssade: true }));
    const able = scalableUnit({ devices, ecap: { slads: true } });
    const scene = given(able, scalableTables, bits, scalableOn).when({
      ...{ type: "DeviceTranslate", device: nvme, iova: (below + data) as Iova },
      ...{ pasid: pasids.secondStage, access: "read" },
    });
    expect(answer(scene)).toMatchObject({ read: false, write: false, host: "refused" });
  });
});
