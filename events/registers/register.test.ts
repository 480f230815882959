import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitMask } from "../layout/layout-field.ts";
import { profiles } from "../profile/profiles.ts";
import type { RegisterSpec } from "./register.ts";
import { registerMap, registerWrite } from "./register.ts";

const all = Object.values(profiles);
const everything = registerMap(profiles.everything);
const some = fc.constantFrom(...everything.specs);

const named = (name: string): RegisterSpec => {
  const spec = everything.byName.get(name);
  if (!spec) throw new RangeError(name);
  return spec;
};

const full = (spec: RegisterSpec): bigint => bitMask(spec.bytes * 8 - 1, 0);
const lanesOf = (bytes: readonly boolean[]): bigint =>
  bytes.reduce((mask, on, at) => (on ? mask | (0xffn << BigInt(at * 8)) : mask), 0n);

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

describe("a register write", () => {
  const write = fc.record({
    spec: some,
    old: fc.bigInt({ min: 0n, max: bitMask(127, 0) }),
    value: fc.bigInt({ min: 0n, max: bitMask(127, 0) }),
    bytes: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }),
  });

  test("[REG6] changes writable bits, clears and sets by ones, and nothing else", () => {
    const counts = { written: 0, cleared: 0 };
    fc.assert(
      fc.property(write, ({ spec, old: before, value, bytes }) => {
        const lanes = lanesOf(bytes) & full(spec);
        const old = before & full(spec);
        const now = registerWrite(spec, old, value & lanes, lanes);
        const mayChange = (spec.writable | spec.w1c | spec.w1s) & lanes;
        expect((old ^ now) & (full(spec) ^ mayChange)).toBe(0n);
        expect(now & spec.writable & lanes).toBe(value & spec.writable & lanes);
        expect(now & spec.w1c & lanes & value).toBe(0n);
        if (now !== old) counts.written += 1;
        if (old & spec.w1c & lanes & value) counts.cleared += 1;
      }),
      { numRuns: 1000 },
    );
    expect(counts.written).toBeGreaterThan(50);
    expect(counts.cleared).toBeGreaterThan(10);
  });

  test("[REG7] byte by byte gives what all bytes at once give", () => {
    fc.assert(
      fc.property(write, ({ spec, old: before, value: any, bytes }) => {
        const old = before & full(spec);
        const value = any & full(spec);
        const lanes = lanesOf(bytes) & full(spec);
        const steps = bytes.map((on, at) => (on ? (0xffn << BigInt(at * 8)) & full(spec) : 0n));
        const apart = steps.reduce((word, lane) => registerWrite(spec, word, value, lane), old);
        expect(apart).toBe(registerWrite(spec, old, value, lanes));
      }),
    );
  });

  test("[REG8] writing 1 to F clears a fault record and keeps the rest of it", () => {
    const record = (1n << 127n) | (5n << 96n) | 0x1000n;
    const lane = 0xffn << 120n;
    expect(registerWrite(named("FRCD0"), record, 1n << 127n, lane)).toBe(record ^ (1n << 127n));
    expect(registerWrite(named("FRCD0"), record, 0n, bitMask(127, 0))).toBe(record);
    const setting: RegisterSpec = { ...named("GSTS"), w1s: 0b110n };
    expect(registerWrite(setting, 0b1n, 0b10n, 0xffn)).toBe(0b11n);
  });
});
