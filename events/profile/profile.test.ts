import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitMask } from "../layout/layout-field.ts";
import { Cap, Ecap } from "../registers/capability.ts";
import { registerMap } from "../registers/register.ts";
import type { Profile, ProfileWords } from "./profile.ts";
import { profileOf } from "./profile.ts";
import { ProfileError } from "./profile-check.ts";
import { profiles } from "./profiles.ts";

const legacy = { ver: 0x10n, cap: 0xd2008c222f0686n, ecap: 0xf00f4an };

describe("shipped profiles", () => {
  test("[PRO1] the legacy recordings' unit is what their words say", () => {
    expect(profiles["qemu-legacy"]).toMatchObject({
      ...legacy,
      major: 1,
      haw: 48,
      mgaw: 48,
      levels: new Set([3, 4]),
      superpages: { m2: true, g1: true },
      cachingMode: true,
      queued: true,
      interruptRemapping: true,
      eim: false,
      passThrough: true,
      deviceTlb: false,
      coherent: false,
      snoopsAll: false,
      splitSight: false,
      snoop: false,
      smts: false,
      psi: true,
      mamv: 18,
      domainBits: 16,
      nfr: 1,
      fro: 0x220,
      iro: 0xf0,
      rwbf: false,
      plmr: false,
      phmr: false,
      drd: true,
      dwd: true,
      esrtps: false,
    });
  });

  test("[PRO2] the scalable recording's unit has first-stage tables alone", () => {
    const { smts, flts, ssts, nest } = profiles["qemu-scalable"];
    expect({ smts, flts, ssts, nest }).toEqual({
      smts: true,
      flts: true,
      ssts: false,
      nest: false,
    });
  });

  test("[PRO3] the profiles differ where it matters", () => {
    expect(profiles["xen-vvtd"]).toMatchObject({ mgaw: 39, fro: 0xc0, cachingMode: false });
    expect(profiles["xen-vvtd"].levels).toEqual(new Set([3]));
    expect(profiles["hardware-2016"]).toMatchObject({ nfr: 8, haw: 46, coherent: false });
    expect(profiles["hardware-2016-caching"].cachingMode).toBe(true);
    expect(profiles["hardware-2008"]).toMatchObject({ rwbf: true, coherent: false, queued: false });
    expect(profiles["hardware-2008"]).toMatchObject({ mgaw: 36, domainBits: 8, fro: 0x200 });
    expect(profiles["hardware-2008"].levels).toEqual(new Set([3]));
    expect(profiles.everything.levels).toEqual(new Set([3, 4, 5]));
    expect(profiles.everything.haw).toBe(52);
    for (const [name, profile] of Object.entries(profiles)) {
      expect(profile.name).toBe(name);
      expect(Object.isFrozen(profile)).toBe(true);
    }
  });
});

describe("illegal words", () => {
  const cap = (bits: Parameters<typeof Cap.encode>[0]): bigint =>
    Cap.encode({ ...Cap.decode(legacy.cap), ...bits });
  const ecap = (bits: Parameters<typeof Ecap.encode>[0]): bigint =>
    Ecap.encode({ ...Ecap.decode(legacy.ecap), ...bits });

  test.each([
    ["SLLPS", { cap: cap({ sllps: 2 }) }, "CAP.SLLPS is 0x2, not one of 0x0, 0x1, 0x3, 0x7, 0xf"],
    ["ND", { cap: cap({ nd: 7 }) }, "CAP.ND is 7, which is reserved"],
    ["AFL", { cap: cap({ afl: true }) }, "CAP.AFL is set"],
    ["SAGAW", { cap: cap({ sagaw: 1 }) }, "CAP.SAGAW is 0x1"],
    ["MGAW", { cap: cap({ mgaw: 30 }) }, "CAP.MGAW is 31 bits"],
    ["FRO over registers", { cap: cap({ fro: 0xb }) }, "CAP.FRO puts the fault records at 0xb0"],
    ["FRO outside", { cap: cap({ fro: 0xff, nfr: 1 }) }, "outside the register page"],
    ["FRO over IRO", { cap: cap({ fro: 0xe, nfr: 4 }) }, "CAP.FRO and ECAP.IRO overlap"],
    ["IRO over registers", { ecap: ecap({ iro: 1 }) }, "ECAP.IRO puts the IOTLB registers at 0x10"],
    ["IRO outside", { ecap: ecap({ iro: 0x100 }) }, "outside the register page"],
    ["EIM", { ecap: ecap({ ir: false, eim: true }) }, "ECAP.EIM needs ECAP.IR"],
    ["IR", { ecap: ecap({ qi: false }) }, "ECAP.IR needs ECAP.QI"],
    ["DT", { ecap: ecap({ qi: false, ir: false, dt: true }) }, "ECAP.DT needs ECAP.QI"],
    ["HAW", { haw: 53 }, "the host address width is 53 bits"],
  ] as const)("[PRO4] %s is refused in one line", (_, words, why) => {
    const make = () => profileOf({ ...legacy, ...words });
    expect(make).toThrow(ProfileError);
    expect(make).toThrow(why);
  });

  test.each([
    ["SMTS", { smts: true }, "ECAP.ECS and ECAP.SMTS are of different versions"],
    ["ADMS", { adms: true }, "ECAP.ECS and ECAP.ADMS are of different versions"],
    ["DIS", { dis: true }, "ECAP.DIS is set"],
    ["POT", { pot: true }, "ECAP.POT is set"],
    ["no QI", { qi: false, ir: false }, "ECAP.ECS needs ECAP.QI"],
  ] as const)("[EC85] extended contexts with %s are refused", (_, bits, why) => {
    expect(() => profileOf({ ...legacy, ecap: ecap({ ecs: true, ...bits }) })).toThrow(why);
  });

  test("[EC85] PASIDs of version 2.x are told of by bit 40", () => {
    const pasids = (bits: Parameters<typeof Ecap.encode>[0]) =>
      profileOf({ ...legacy, ecap: ecap({ ecs: true, ...bits }) }).pasid;
    expect(pasids({ pasid2: true })).toBe(false);
    expect(pasids({ pasid: true })).toBe(true);
    expect(profiles["hardware-2016-ecs"]).toMatchObject({ ecs: true, pasid: true, nest: true });
    expect(profiles["hardware-2016-ecs-not-nested"]).toMatchObject({ ecs: true, nest: false });
  });

  test("[PRO5] any words either make a profile whose registers fit, or are refused", () => {
    const counts = { legal: 0, refused: 0 };
    const word = fc.bigInt({ min: 0n, max: bitMask(63, 0) });
    fc.assert(
      fc.property(fc.oneof(word, nearCap), fc.oneof(word, nearEcap), version, (c, e, ver) => {
        const profile = profileOrRefusal({ ver, cap: c, ecap: e });
        if (profile === undefined) {
          counts.refused += 1;
          return;
        }
        const map = registerMap(profile);
        const total = map.specs.reduce((sum, spec) => sum + spec.bytes, 0);
        const bytes = Array.from({ length: 4096 }, (_, at) => at);
        expect(bytes.filter((at) => map.at(at)).length).toBe(total);
        counts.legal += 1;
      }),
      { numRuns: 300 },
    );
    expect(counts.legal).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(20);
  });
});

const version = fc.constantFrom(0x10n, 0x60n);

/** Words whose fields are mostly legal: places inside the page, known superpages and widths. */
const nearCap = fc
  .record({
    nd: fc.nat(6),
    cm: fc.boolean(),
    plmr: fc.boolean(),
    phmr: fc.boolean(),
    sagaw: fc.nat(7).map((bits) => bits << 1),
    mgaw: fc.integer({ min: 31, max: 63 }),
    fro: fc.integer({ min: 0xc, max: 0xff }),
    sllps: fc.constantFrom(0, 1, 3, 7, 15),
    nfr: fc.nat(15),
  })
  .map((fields) => Cap.encode(fields));
const nearEcap = fc
  .record({
    qi: fc.constant(true),
    dt: fc.boolean(),
    ir: fc.constant(true),
    eim: fc.boolean(),
    iro: fc.integer({ min: 0xc, max: 0xff }),
    prs: fc.boolean(),
  })
  .map((fields) => Ecap.encode(fields));

function profileOrRefusal(words: ProfileWords): Profile | undefined {
  try {
    return profileOf(words);
  } catch (error) {
    if (error instanceof ProfileError) return undefined;
    throw error;
  }
}
