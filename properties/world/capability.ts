import fc from "fast-check";
import { profiles } from "../../events/profile/profiles.ts";
import { Cap, Ecap } from "../../events/registers/capability.ts";

/** The capability words of one unit, as a set-up has them. */
export interface Words {
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
  readonly haw: number;
}

/** True about `percent` times out of a hundred; shrinks to false. */
export const chance = (percent: number): fc.Arbitrary<boolean> =>
  fc.noBias(fc.nat(99)).map((draw) => draw >= 100 - percent);

/** Places of the fault records and of the IOTLB registers, in units of 16 bytes. */
const places = fc.constantFrom({ fro: 0x22, iro: 0x10 }, { fro: 0x40, iro: 0x50 });

const anyCap = fc.record({
  nd: fc.constantFrom(6, 2, 0),
  rwbf: chance(20),
  plmr: chance(30),
  phmr: chance(30),
  cm: chance(85),
  sagaw: fc.constantFrom(0b0110, 0b0010, 0b0100, 0b1110, 0b1000),
  mgaw: fc.constantFrom(47, 38, 56),
  zlr: chance(50),
  sllps: fc.constantFrom(3, 1, 0),
  psi: chance(80),
  nfr: fc.integer({ min: 0, max: 7 }),
  mamv: fc.constantFrom(18, 9, 2, 0, 0x3f),
  dwd: chance(50),
  drd: chance(50),
  pi: chance(65),
  esirtps: chance(40),
  esrtps: chance(30),
});

const anyEcap = fc.record({
  c: chance(60),
  qi: chance(92),
  dt: chance(50),
  ir: chance(75),
  eim: chance(40),
  pt: chance(70),
  sc: chance(50),
  mhmv: fc.constantFrom(15, 0),
  dit: chance(30),
});

const drawn = fc.record({
  cap: anyCap,
  ecap: anyEcap,
  places,
  haw: fc.integer({ min: 39, max: 46 }),
});

/**
 * Capabilities of a random legal unit in legacy mode. Mostly with caching mode and a queue; without
 * a queue there are no device TLBs and no interrupt remapping.
 */
const legacyWords: fc.Arbitrary<Words> = drawn.map(
  ({ cap, ecap: drawn, places: { fro, iro }, haw }) => {
    const { qi } = drawn;
    const ir = drawn.ir && qi;
    const ecap = { ...drawn, dt: drawn.dt && qi, ir, eim: drawn.eim && ir, iro };
    const ver = 0x10n;
    return { ver, cap: Cap.encode({ ...cap, fro }), ecap: Ecap.encode(ecap), haw };
  },
);

/** What scalable mode adds; each kind of translation is a capability of its own. */
const anyScalable = fc.record({
  flts: chance(92),
  ssts: chance(90),
  nest: chance(75),
  pasid: chance(92),
  pss: fc.constantFrom(19, 19, 15, 11, 7),
  rps: chance(50),
  rprivs: chance(50),
  srs: chance(75),
  ers: chance(75),
  eafs: chance(50),
  slads: chance(12),
  nwfs: chance(50),
  prs: chance(65),
  pds: chance(70),
  // What is drawn here is not used: SMPWC is as C. The worlds of a seed stay what they were.
  smpwcs: chance(50),
  mts: chance(20),
  adms: chance(30),
});

const anyScalableCap = fc.record({ fl1gp: chance(75), fl5lp: chance(60) });

/** Capabilities of a random legal unit that can work in scalable mode too. */
const scalableWords: fc.Arbitrary<Words> = fc
  .record({ drawn, scalable: anyScalable, first: anyScalableCap, dt: chance(50), new6: chance(20) })
  .map(
    ({
      drawn: {
        cap,
        ecap: common,
        places: { fro, iro },
        haw,
      },
      ...draws
    }) => {
      const { scalable, first, new6 } = draws;
      const dt = common.dt || draws.dt;
      const prs = scalable.prs && dt;
      const eim = common.eim && common.ir;
      const walks = { smts: true, smpwcs: common.c };
      const ecap = { ...common, ...scalable, ...walks, qi: true, dt, eim, iro };
      const words = Ecap.encode({ ...ecap, prs, pds: scalable.pds && prs });
      const ver = new6 ? 0x60n : 0x30n;
      const none = !scalable.ssts && !scalable.nest && draws.dt;
      const widths = none ? { sagaw: 0 } : {};
      return { ver, cap: Cap.encode({ ...cap, ...first, ...widths, fro }), ecap: words, haw };
    },
  );

/** Capabilities of a random legal unit; in about half of the worlds one has scalable mode. */
export const anyWords: fc.Arbitrary<Words> = fc.oneof(
  { weight: 3, arbitrary: legacyWords },
  { weight: 2, arbitrary: scalableWords },
);

/** What version 2.x adds to a unit with device TLBs: extended contexts, and what they know. */
const anyExtended = fc.record({
  mts: chance(50),
  nest: chance(70),
  pasid: chance(95),
  pss: fc.constantFrom(19, 19, 9, 8),
  prs: chance(80),
  ers: chance(70),
  srs: chance(70),
  eafs: chance(50),
  nwfs: chance(50),
});

const random2016: fc.Arbitrary<Words> = fc
  .record({ drawn, extended: anyExtended, fl1gp: chance(50) })
  .map(({ drawn: { cap, ecap, places, haw }, extended, fl1gp }) => {
    const { fro, iro } = places;
    const qi = { qi: true, ir: false, eim: false, iro, dit: false };
    const prs = extended.prs && ecap.dt;
    return {
      ver: 0x10n,
      cap: Cap.encode({ ...cap, sagaw: cap.sagaw | 0b0100, fro, fl1gp, rwbf: false, pi: false }),
      ecap: Ecap.encode({ ...ecap, ...extended, ...qi, prs, ecs: true }),
      haw,
    };
  });

/** Capabilities of the machine of 2016, as it is or with nesting left out. */
const machines2016 = (["hardware-2016-ecs", "hardware-2016-ecs-not-nested"] as const).map(
  (name): Words => {
    const { ver, cap, ecap, haw } = profiles[name];
    return { ver, cap, ecap, haw };
  },
);

/** Capabilities of a unit of version 2.x: that of 2016, or a random legal one. */
export const extendedWords: fc.Arbitrary<Words> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...machines2016) },
  { weight: 2, arbitrary: random2016 },
);
