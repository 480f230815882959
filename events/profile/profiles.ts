import { frozen } from "../frozen.ts";
import { Cap, Ecap } from "../registers/capability.ts";
import type { Profile } from "./profile.ts";
import { profileOf } from "./profile.ts";

/** Of a server of 2016; `cm` is what an emulation of it for a guest would add. */
const hardware2016 = (name: string, cm: boolean): Profile =>
  profileOf({
    name,
    ver: 0x10n,
    cap: Cap.encode({
      nd: 6,
      plmr: true,
      phmr: true,
      cm,
      sagaw: 0b00110,
      mgaw: 47,
      zlr: true,
      fro: 0x40,
      sllps: Cap.fields.sllps.names.g1,
      psi: true,
      nfr: 7,
      mamv: 9,
      dwd: true,
      drd: true,
    }),
    ecap: Ecap.encode({
      qi: true,
      dt: true,
      ir: true,
      eim: true,
      pt: true,
      sc: true,
      iro: 0x50,
      mhmv: 15,
    }),
    haw: 46,
  });

/**
 * The machine that the design of 2016 was written for: extended contexts, PASIDs, first stages
 * reached through a flat PASID table; with caching mode, as an emulation for a guest has it.
 */
const extended2016 = (name: string, nest: boolean): Profile =>
  profileOf({
    name,
    ver: 0x10n,
    cap: Cap.encode({
      ...Cap.decode(hardware2016("", true).cap),
      fl1gp: true,
      pi: true,
    }),
    ecap: Ecap.encode({
      ...Ecap.decode(hardware2016("", true).ecap),
      ...{ c: true, ecs: true, mts: true, nest, pasid: true, pss: 19 },
      ...{ prs: true, ers: true, srs: true, nwfs: true, eafs: true },
    }),
    haw: 46,
  });

type CapFields = Parameters<typeof Cap.encode>[0];
type EcapFields = Parameters<typeof Ecap.encode>[0];

/**
 * Everything that legacy mode knows, at its largest, and more; but for a write buffer, which is a
 * lack: what software does not flush need not be seen.
 */
const everythingAnd = (name: string, cap: CapFields, ecap: EcapFields): Profile =>
  profileOf({
    name,
    ver: 0x10n,
    cap: Cap.encode({
      nd: 6,
      plmr: true,
      phmr: true,
      cm: true,
      sagaw: 0b01110,
      mgaw: 56,
      zlr: true,
      fro: 0x22,
      sllps: Cap.fields.sllps.names.g1,
      psi: true,
      nfr: 7,
      mamv: 0x3f,
      dwd: true,
      drd: true,
      pi: true,
      esirtps: true,
      esrtps: true,
      ...cap,
    }),
    ecap: Ecap.encode({
      c: true,
      qi: true,
      dt: true,
      ir: true,
      eim: true,
      pt: true,
      sc: true,
      iro: 0x10,
      mhmv: 15,
      dit: true,
      ...ecap,
    }),
  });

/** The same with everything that is modelled of scalable mode. */
const everythingScalable = (name: string, nest: boolean): Profile =>
  everythingAnd(
    name,
    { fl1gp: true, fl5lp: true },
    {
      ...{ smts: true, ssts: true, flts: true, nest, smpwcs: true },
      ...{ pasid: true, pss: 19, rps: true, rprivs: true },
      ...{ ers: true, srs: true, nwfs: true, eafs: true, prs: true, pds: true },
    },
  );

/**
 * The profiles that come with the model, by name. The first two are those of the recordings;
 * `xen-vvtd` is what Xen's posted virtual VT-d of 2017 announced; `hardware-2008` is a unit of
 * Intel's 4 series chipsets, by the words that kernels print of it: it has a write buffer that
 * software must flush, walks that do not snoop, and no queue.
 */
export const profiles = frozen({
  "qemu-legacy": profileOf({
    name: "qemu-legacy",
    ver: 0x10n,
    cap: 0xd2008c222f0686n,
    ecap: 0xf00f4an,
  }),
  "qemu-scalable": profileOf({
    name: "qemu-scalable",
    ver: 0x10n,
    cap: 0x1d2008c222f0686n,
    ecap: 0x880000f00f4an,
  }),
  "xen-vvtd": profileOf({
    name: "xen-vvtd",
    ver: 0x10n,
    cap: Cap.encode({ nd: 6, sagaw: 0b00010, mgaw: 38, fro: 0xc }),
    ecap: Ecap.encode({ qi: true, ir: true, eim: true, mhmv: 15 }),
  }),
  "hardware-2008": profileOf({
    name: "hardware-2008",
    ver: 0x10n,
    cap: 0xc9008020630272n,
    ecap: 0x1000n,
  }),
  "hardware-2016": hardware2016("hardware-2016", false),
  "hardware-2016-caching": hardware2016("hardware-2016-caching", true),
  "hardware-2016-ecs": extended2016("hardware-2016-ecs", true),
  "hardware-2016-ecs-not-nested": extended2016("hardware-2016-ecs-not-nested", false),
  everything: everythingAnd("everything", {}, {}),
  "everything-scalable": everythingScalable("everything-scalable", true),
  "everything-scalable-not-nested": everythingScalable("everything-scalable-not-nested", false),
} as const satisfies Readonly<Record<string, Profile>>);
