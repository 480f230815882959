import { describe, expect, test } from "vitest";
import type { SourceId } from "../../events/address.ts";
import { FaultRecord } from "../../events/fault/fault-record.ts";
import { at } from "../../events/registers/offset.ts";
import { cfi, command, ire, qie, sirtp, unmap, write, write8, writes } from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import {
  announce,
  entry,
  forgetAll,
  forgetIndex,
  interruptTable,
  ioapic,
  msi,
  msiAddress,
  oldMsi,
  pin,
  pointAt,
  posting,
  remapped,
  remapping,
  subMsi,
} from "./interrupt-driver.ts";
import { behindBridge, bridge, nvme, record, unit } from "./unit.ts";

const on = given(unit(), entry(1, remapped()), remapping);
const delivered = (scene: Scene) => scene.of("InterruptDelivered");
const reasons = (scene: Scene) => scene.of("InterruptBlocked").map(({ reason }) => reason);
const recordOf = (scene: Scene) =>
  FaultRecord.decode(scene.register(record(0), 8) | (scene.register(record(0) + 8, 8) << 64n));

describe("remapping", () => {
  test("[IN1] with remapping off a request says itself what is delivered", () => {
    const scene = given(unit()).when(oldMsi);
    expect(delivered(scene)).toEqual([
      {
        type: "InterruptDelivered",
        source: nvme,
        destination: 3,
        vector: 0x51,
        deliveryMode: "fixed",
        destinationMode: "physical",
        trigger: "edge",
        redirectionHint: false,
      },
    ]);
  });

  test("[IN2] MSI and IOAPIC requests are delivered as their entry says", () => {
    const word = remapped({ dm: true, rh: true, tm: true, dlm: 1, dst: 0x1_2345 });
    const scene = on.when(entry(2, word), msi(2), pin(2));
    const message = {
      index: 2,
      destination: 0x1_2345,
      vector: 0x41,
      deliveryMode: "lowestPriority",
      destinationMode: "logical",
      trigger: "level",
      redirectionHint: true,
    };
    expect(delivered(scene)).toMatchObject([
      { source: nvme, ...message },
      { source: ioapic, ...message },
    ]);
  });

  test("[IN3] without EIME the destination is bits 47:40 of the entry", () => {
    const xapic = given(unit(), entry(1, remapped({ dst: 0x0300 })), pointAt(3, false));
    expect(delivered(xapic.when(command(ire), msi(1)))).toMatchObject([{ destination: 3 }]);
  });

  test("[IN4] a sub-handle is added to the handle, modulo 2^16", () => {
    expect(delivered(on.when(subMsi(0, 1), subMsi(0xffff, 2)))).toMatchObject([
      { index: 1 },
      { index: 1 },
    ]);
  });

  test("[IN5] a device's write to the interrupt range is remapped with its source-id", () => {
    const devices = [{ device: behindBridge, physical: true, alias: bridge }];
    const verified = remapped({ svt: 1, sid: bridge });
    const scene = given(unit({ devices }), entry(1, verified), remapping);
    const both = scene.when(writes(msiAddress(1), behindBridge), msi(1, behindBridge));
    expect(delivered(both)).toMatchObject([{ source: bridge }, { source: bridge }]);
  });

  test("[IN6] an entry that was used holds until its index, block or all are invalidated", () => {
    const used = on.when(msi(1), entry(1, remapped({ vector: 0x99 })));
    expect(delivered(used.when(msi(1)))).toMatchObject([{ vector: 0x41 }]);
    expect(delivered(used.when(announce(0, forgetIndex(2)), msi(1)))[0]?.vector).toBe(0x41);
    for (const word of [forgetIndex(1), forgetIndex(0, 1), forgetAll]) {
      expect(delivered(used.when(announce(0, word), msi(1)))).toMatchObject([{ vector: 0x99 }]);
    }
  });

  test("[IN7] with caching mode an entry that blocks is remembered, else it is not", () => {
    for (const before of [0n, remapped() | (1n << 127n)]) {
      for (const [cm, count] of [
        [true, 0],
        [false, 1],
      ] as const) {
        const scene = given(unit({ cap: { cm } }), entry(1, before), remapping).when(msi(1));
        expect(delivered(scene.when(entry(1, remapped()), msi(1)))).toHaveLength(count);
      }
    }
  });

  test("[IN8] SIRTP empties the cache where CAP.ESIRTPS says so", () => {
    for (const [esirtps, vector] of [
      [true, 0x99],
      [false, 0x41],
    ] as const) {
      const scene = given(unit({ cap: { esirtps } }), entry(1, remapped()), remapping, msi(1));
      const again = scene.when(entry(1, remapped({ vector: 0x99 })), write8(at.irta, 0x10_0803n));
      const after = again.when(command(qie | ire | sirtp), msi(1));
      expect(delivered(after)[0]?.vector).toBe(vector);
    }
  });

  test("[IN9] the unit's own events are sent as they are", () => {
    const line = [write(at.fedata, 0x55n), write(at.feaddr, 0xfee0_1010n), write(at.fectl, 0n)];
    const scene = on.when(line, msi(7));
    expect(scene.of("EventSent")).toMatchObject([{ address: 0xfee0_1010n, data: 0x55 }]);
    expect(scene.types).not.toContain("InterruptDelivered");
  });
});

describe("blocked interrupts", () => {
  test("[IB20] a reserved field of the request that is set", () => {
    const high = { ...msi(1), address: msiAddress(1) | (1n << 32n) };
    expect(reasons(on.when(subMsi(1, 0x1_0000), pin(1, 1n << 17n), high))).toEqual([
      0x20, 0x20, 0x20,
    ]);
  });

  test("[IB21] an index beyond the table", () => {
    const scene = on.when(msi(16));
    expect(reasons(scene)).toEqual([0x21]);
    expect(recordOf(scene)).toMatchObject({ fi: 16n << 48n, sid: nvme, fr: 0x21, f: true });
    expect(reasons(on.when(msi(15)))).toEqual([0x22]);
  });

  test("[IB22] an entry that is not present", () => {
    expect(reasons(on.when(msi(3)))).toEqual([0x22]);
    const quiet = on.when(entry(3, 2n), msi(3));
    expect(quiet.of("FaultSuppressed")).toMatchObject([{ source: nvme, reason: 0x22 }]);
  });

  test("[IB23] an entry that cannot be read", () => {
    const gone = on.when(unmap(interruptTable, 0x1000n), msi(1));
    expect(reasons(gone)).toEqual([0x23]);
  });

  test("[IB24] a reserved bit of the entry, or posting that the unit cannot do", () => {
    const word = remapped() | (1n << 24n);
    const scene = on.when(entry(2, word), msi(2), entry(3, posting()), pin(3));
    expect(reasons(scene)).toEqual([0x24, 0x24]);
  });

  test("[IB24] without EIME the bits of the destination but 47:40 are reserved", () => {
    const wide = remapped({ dst: 0x1_00_00 });
    const narrow = given(unit(), entry(1, wide), pointAt(3, false), command(ire));
    expect(reasons(narrow.when(msi(1)))).toEqual([0x24]);
    expect(reasons(given(unit(), entry(1, wide), remapping).when(msi(1)))).toEqual([]);
  });

  test("[IB25] a compatibility-format request with EIME, or without CFI", () => {
    expect(reasons(on.when(command(qie | ire | cfi), oldMsi))).toEqual([0x25]);
    const xapic = given(unit(), pointAt(3, false), command(ire));
    expect(reasons(xapic.when(oldMsi))).toEqual([0x25]);
    expect(delivered(xapic.when(command(ire | cfi), oldMsi))).toHaveLength(1);
  });

  test("[IB26] a source-id that the entry does not let use it", () => {
    const cases = [
      [{ svt: 1, sid: nvme }, nvme, []],
      [{ svt: 1, sid: nvme }, nvme + 4, [0x26]],
      [{ svt: 1, sid: nvme, sq: 1 }, nvme + 4, []],
      [{ svt: 1, sid: nvme, sq: 3 }, nvme + 7, []],
      [{ svt: 2, sid: 0x0103 }, 0x0300, []],
      [{ svt: 2, sid: 0x0103 }, 0x0400, [0x26]],
      [{ svt: 3, sid: nvme }, nvme, [0x26]],
      [{ svt: 0, sid: 0 }, nvme, []],
    ] as const;
    for (const [fields, source, wanted] of cases) {
      const scene = on.when(entry(2, remapped(fields)), msi(2, source as SourceId));
      expect(reasons(scene)).toEqual(wanted);
    }
  });
});
