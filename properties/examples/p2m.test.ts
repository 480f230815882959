import { describe, expect, test } from "vitest";
import type { Gpa, Hpa } from "../../events/address.ts";
import { iova } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import {
  booted,
  iotlbOfDomain,
  leafEntry,
  memory,
  page,
  protect,
  queueOn,
  reads,
  submit,
  tables,
  unmap,
  writes,
} from "./driver.ts";
import type { Scene } from "./given.ts";
import { given } from "./given.ts";
import { guestWith, hostBase, nvme, range, unit } from "./unit.ts";

const ready = given(unit(), booted, queueOn);
const map = (gpa: bigint, hpa: bigint, guest = 0, length = 0x1000n): Input => ({
  type: "P2mMap",
  guest,
  ...range(gpa, hpa, length, "4K"),
});
const blockedBy = (scene: Scene) => scene.of("DmaBlocked").map(({ host }) => host);

describe("taking memory away", () => {
  test("[IS1] it is gone from shadow and IOTLB at once, without an invalidation", () => {
    const scene = ready.when(reads(page), unmap(0x7000n, 0x1000n));
    expect(scene.types).toContain("HostIotlbFlushed");
    const after = scene.when(reads(page));
    expect(blockedBy(after)).toEqual(["hole"]);
    expect(after.of("DmaLanded")).toEqual([]);
  });

  test("[FA2] a hole is the host's affair: the guest sees no fault", () => {
    const scene = ready.when(unmap(0x7000n, 0x1000n), reads(page));
    expect(scene.of("FaultRecorded")).toEqual([]);
    expect(scene.register(0x34)).toBe(0n);
  });

  test("[PM1] what is in flight lands before the memory is gone", () => {
    const issued = ready.when({
      type: "DmaIssue",
      tag: 3,
      device: nvme,
      iova: iova(page),
      access: "read",
      length: 8,
    });
    const order = issued.when(unmap(0x7000n, 0x1000n)).types;
    expect(order.indexOf("DmaLanded")).toBeLessThan(order.indexOf("P2mUnmapped"));
    expect(order).toContain("DmaLanded");
  });

  test("[PM2] the contents go with the mapping", () => {
    const scene = ready.when(memory(0x7000n, 0x1234n), unmap(0x7000n, 0x1000n));
    const back = scene.when(map(0x7000n, hostBase + 0x7000n));
    expect(back.word(0x7000n)).toBe(0n);
  });

  test("[PM3] a table that loses its page blocks from the next invalidation on", () => {
    const scene = ready.when(unmap(0x6000n, 0x1000n));
    const told = scene.when(submit(iotlbOfDomain(5)), reads(page));
    expect(told.of("DmaBlocked")).toMatchObject([{ reason: 7 }]);
  });
});

describe("giving memory", () => {
  test("[PM4] a page that comes back is reached without an invalidation", () => {
    const scene = ready.when(unmap(0x7000n, 0x1000n), map(0x7000n, hostBase + 0x7000n));
    expect(scene.when(reads(page)).of("DmaLanded")).toMatchObject([{ hpa: hostBase + 0x7000n }]);
  });

  test("[PM5] a page may move in the host; devices follow at once", () => {
    const scene = ready.when(reads(page), map(0x7000n, 0x9_0000_0000n), reads(page));
    expect(scene.of("DmaLanded").map(({ hpa }) => hpa)).toEqual([
      hostBase + 0x7000n,
      0x9_0000_0000n,
    ]);
  });

  test("[PM6] the rest of a large mapping that is cut keeps its place", () => {
    const scene = ready.when(unmap(0x7000n, 0x1000n), memory(leafEntry, 0x8003n));
    const told = scene.when(submit(iotlbOfDomain(5)), reads(page));
    expect(told.of("DmaTranslated")).toMatchObject([{ hpa: hostBase + 0x8000n, size: "4K" }]);
  });
});

describe("permissions", () => {
  test("[PM7] a page that the host lets be read alone blocks writes, without a fault", () => {
    const scene = ready.when(writes(page), protect(0x7000n, 0x1000n, true, false));
    expect(scene.when(reads(page)).of("DmaLanded")).toHaveLength(1);
    const written = scene.when(writes(page));
    expect(blockedBy(written)).toEqual(["hole"]);
    expect(written.of("FaultRecorded")).toEqual([]);
  });

  test("[PM8] the CPU's write to such a page is dropped", () => {
    const scene = ready.when(protect(0x7000n, 0x1000n, true, false), memory(0x7000n, 1n));
    expect(scene.of("MemoryWriteDropped")).toHaveLength(1);
    expect(scene.word(0x7000n)).toBe(0n);
  });
});

describe("owners", () => {
  const two = {
    guests: [guestWith(), guestWith({ p2m: [range(0n, 0x10_0000_0000n, 0x20_0000n, "2M")] })],
  };

  test("[PM9] a host frame that another page has is refused", () => {
    const scene = given(two).when(map(0x80_0000n, hostBase, 1));
    expect(scene.refusals).toEqual(["P2M map: a host frame belongs to another guest page already"]);
  });

  test("[IS2] a frame that was freed is the next guest's alone", () => {
    const used = given(two, booted, queueOn, reads(page), unmap(0x7000n, 0x1000n));
    const given2 = used.when(map(0x80_0000n, hostBase + 0x7000n, 1));
    expect(given2.refusals).toEqual([]);
    expect(blockedBy(given2.when(reads(page)))).toEqual(["hole"]);
    const other = given2.when({ ...(reads(0x80_0000n) as object), guest: 1 } as Input);
    expect(other.of("DmaLanded")).toMatchObject([{ guest: 1, hpa: hostBase + 0x7000n }]);
  });

  test("[IS2] one guest's registers and tables are not the other's", () => {
    const scene = given(two, booted);
    expect(scene.guest(1).charts.translation).toBe("noPointer");
    const other = scene.when({ ...(reads(0x7000n) as object), guest: 1 } as Input);
    expect(other.of("DmaLanded")).toMatchObject([{ hpa: 0x10_0000_7000n }]);
  });
});

describe("ranges that cannot be", () => {
  const whole = (gpa: bigint, length: bigint, pageSize: "4K" | "2M"): Input => ({
    type: "P2mMap",
    ...range(gpa, 0x20_0000_0000n, length, pageSize),
  });
  const refused: readonly (readonly [string, Input, string])[] = [
    ["empty", unmap(0x7000n, 0n), "P2M unmap: the range is empty"],
    ["unaligned", unmap(0x7008n, 8n), "P2M unmap: the range is not made of 4 KiB pages"],
    [
      "beyond the width",
      unmap(0xff_ffff_f000n, 0x2000n),
      "P2M unmap: the range goes beyond the host address width",
    ],
    [
      "half a large page",
      whole(0x1000n, 0x20_0000n, "2M"),
      "P2M map: the range is not made of aligned 2M pages",
    ],
    [
      "beyond the host",
      { type: "P2mMap", ...range(0n, 1n << 52n, 0x1000n, "4K") },
      "P2M map: the host's range goes beyond 52 bits",
    ],
  ];
  test.each(refused)("[PM10] %s is refused", (_, input, why) => {
    const scene = given(unit(), tables);
    const after = scene.when(input);
    expect(after.refusals).toEqual([why]);
    expect(after.guest().p2m).toBe(scene.guest().p2m);
  });

  test("[PM10] addresses have kinds", () => {
    const address: { gpa: Gpa; hpa: Hpa } = range(0n, hostBase, 0x1000n, "4K");
    expect(address.hpa - address.gpa).toBe(hostBase);
  });
});
