import { describe, expect, test } from "vitest";
import { gpa, iova } from "../../events/address.ts";
import type { Input } from "../../events/input.ts";
import type { GuestSetup, Setup } from "../../events/setup.ts";
import { createWorld, SetupError } from "../../hypervisor/create-world.ts";
import { given } from "./given.ts";
import { guestWith, hostBase, nvme, range } from "./unit.ts";

type Regions = NonNullable<GuestSetup["rmrr"]>;

const region = (base: bigint, end: bigint): Regions => [
  { base: gpa(base), end: gpa(end), devices: [nvme] },
];

const setupWith = (rmrr: Regions, p2m: GuestSetup["p2m"] = []): Setup => {
  const guest = guestWith();
  return { guests: [{ ...guest, p2m: [...guest.p2m, ...p2m], rmrr }] };
};

const reads = (at: bigint): Input => ({
  type: "Dma",
  device: nvme,
  iova: iova(at),
  access: "read",
  length: 8,
});

describe("reserved regions", () => {
  test("[RM2] a device reaches its region at the address that it names", () => {
    const scene = given(setupWith(region(0x8c1f_f000n, 0x8c40_0fffn)));
    const sizes = [0x8c1f_f000n, 0x8c20_0000n, 0x8c3f_f000n, 0x8c40_0000n].map((at) => {
      const [fact] = scene.when(reads(at)).of("DmaTranslated");
      expect(fact?.hpa).toBe(at);
      return fact?.size;
    });
    expect(sizes).toEqual(["4K", "2M", "2M", "4K"]);
    for (const outside of [0x8c1f_e000n, 0x8c40_1000n]) {
      expect(scene.when(reads(outside)).of("DmaBlocked")).toMatchObject([{ host: "hole" }]);
    }
  });

  test("[RM2] what the P2M maps to itself already stays as it is", () => {
    const own = range(0x8c00_1000n, 0x8c00_1000n, 0x1000n, "4K");
    const scene = given(setupWith(region(0x8c00_0000n, 0x8c1f_ffffn), [own]));
    for (const at of [0x8c00_0000n, 0x8c00_1000n, 0x8c1f_f000n]) {
      expect(scene.when(reads(at)).of("DmaTranslated")).toMatchObject([{ hpa: at, size: "4K" }]);
    }
  });

  test.each<readonly [string, Setup, RegExp]>([
    ["an odd base", setupWith(region(0x8c00_0800n, 0x8c00_0fffn)), /not made of 4 KiB pages/],
    ["an odd end", setupWith(region(0x8c00_0000n, 0x8c00_1000n)), /not made of 4 KiB pages/],
    ["an early end", setupWith(region(0x8c00_0000n, 0x8bff_ffffn)), /ends before it begins/],
    ["a high end", setupWith(region(0n, (1n << 64n) - 1n)), /beyond the host address width/],
    [
      "another frame",
      setupWith(region(0x1000n, 0x1fffn)),
      /RMRR 0x1000 to 0x1fff: page 0x1000 is mapped to another one/,
    ],
    [
      "no right to write",
      setupWith(region(0x8c00_0000n, 0x8c00_0fffn), [
        { ...range(0x8c00_0000n, 0x8c00_0000n, 0x1000n, "4K"), write: false },
      ]),
      /without reading and writing/,
    ],
    [
      "a frame that another page has",
      setupWith(region(hostBase, hostBase + 0xfffn)),
      /RMRR 0x100000000 to 0x100000fff: P2M map: a host frame belongs/,
    ],
  ])("[RM3] %s is an error of the set-up", (_, setup, text) => {
    expect(() => createWorld(setup)).toThrow(SetupError);
    expect(() => createWorld(setup)).toThrow(text);
  });

  test("[RM3] two guests cannot have one region", () => {
    const [guest] = setupWith(region(0x8c00_0000n, 0x8c00_0fffn)).guests;
    const guests = [guest, guest && { ...guest, p2m: [] }].flatMap((one) => one ?? []);
    expect(() => createWorld({ guests })).toThrow(/RMRR 0x8c000000 .*belongs to another/);
  });
});
