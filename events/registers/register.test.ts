import { describe, expect, test } from "vitest";
import { profiles } from "../profile/profiles.ts";
import type { RegisterSpec } from "./register.ts";
import { registerMap } from "./register.ts";

const all = Object.values(profiles);
const everything = registerMap(profiles.everything);

const named = (name: string): RegisterSpec => {
  const spec = everything.byName.get(name);
  if (!spec) throw new RangeError(name);
  return spec;
};

describe("the register map", () => {
  test.each(all.map((profile) => [profile.name, profile] as const))(
    "[REG1] registers of %s do not overlap and lie in the page",
    (_, profile) => {
      let end = 0;
      for (const spec of registerMap(profile).specs) {
        expect(spec.offset).toBeGreaterThanOrEqual(end);
        expect(spec.layout.width).toBe(spec.bytes * 8);
        expect(spec.offset % Math.min(spec.bytes, 8)).toBe(0);
        end = spec.offset + spec.bytes;
      }
      expect(end).toBeLessThanOrEqual(4096);
    },
  );

  test.each(all.map((profile) => [profile.name, profile] as const))(
    "[REG2] no reserved bit of %s is writable, and no bit has two rules",
    (_, profile) => {
      for (const { layout, writable, w1c, w1s, reset } of registerMap(profile).specs) {
        expect((writable | w1c | w1s | reset) & layout.reservedMask).toBe(0n);
        expect(writable & w1c).toBe(0n);
        expect((writable | w1c) & w1s).toBe(0n);
      }
    },
  );

  test("[REG3] the capabilities place the IOTLB registers and the fault records", () => {
    const qemu = registerMap(profiles["qemu-legacy"]);
    expect(qemu.at(0xf0)?.name).toBe("IVA");
    expect(qemu.at(0xfc)?.name).toBe("IOTLB");
    expect(qemu.at(0x22f)?.name).toBe("FRCD0");
    expect(qemu.at(0x230)).toBeUndefined();
    expect(everything.byName.get("FRCD7")?.offset).toBe(0x220 + 7 * 16);
    expect(qemu.byName.get("CAP")?.reset).toBe(0xd2008c222f0686n);
  });

  test("[REG4] what the capabilities lack is absent or cannot be written", () => {
    const qemu = registerMap(profiles["qemu-legacy"]);
    expect(qemu.at(0x64)).toBeUndefined();
    expect(qemu.byName.get("FEUADDR")?.writable).toBe(0n);
    expect(everything.byName.get("FEUADDR")?.writable).toBe(0xffff_ffffn);
    const vvtd = registerMap(profiles["xen-vvtd"]);
    expect(vvtd.byName.has("IVA")).toBe(false);
    expect(vvtd.at(0)?.name).toBe("VER");
  });

  test("[REG5] writable masks are those of a known implementation", () => {
    const masks = ["RTADDR", "CCMD", "IQT", "IQA", "IRTA", "IOTLB", "FEDATA", "FEADDR"];
    expect(masks.map((name) => named(name).writable)).toEqual([
      0xfffffffffffffc00n,
      0xe0000003ffffffffn,
      0x7fff0n,
      0xfffffffffffff807n,
      0xfffffffffffff80fn,
      0xb003ffff00000000n,
      0xffffn,
      0xfffffffcn,
    ]);
  });
});
