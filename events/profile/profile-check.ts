import { hex } from "../address.ts";
import type { DecodedBy } from "../layout/layout.ts";
import type { Ecap } from "../registers/capability.ts";
import { Cap } from "../registers/capability.ts";
import { at } from "../registers/offset.ts";

/** Capability words that no unit may have; one line that says which field and why. */
export class ProfileError extends Error {
  override readonly name = "ProfileError";
}

type CapFields = DecodedBy<typeof Cap>;
type EcapFields = DecodedBy<typeof Ecap>;

const refuse = (why: string): never => {
  throw new ProfileError(why);
};

const legalSuperpages: ReadonlySet<number> = new Set(Object.values(Cap.fields.sllps.names));

/** @throws ProfileError when fields contradict each other or have reserved values. */
export function checkFields(cap: CapFields, ecap: EcapFields): void {
  if (cap.nd === 7) refuse("CAP.ND is 7, which is reserved");
  if (cap.afl) refuse("CAP.AFL is set: advanced fault logging is not modelled");
  if (cap.sagaw & 0b10001) refuse(`CAP.SAGAW is ${hex(cap.sagaw)}: bits 0 and 4 are reserved`);
  if (cap.mgaw < 31) refuse(`CAP.MGAW is ${cap.mgaw + 1} bits, fewer than 32`);
  if (!legalSuperpages.has(cap.sllps)) {
    refuse(`CAP.SLLPS is ${hex(cap.sllps)}, not one of 0x0, 0x1, 0x3, 0x7, 0xf`);
  }
  if (ecap.ir && !ecap.qi) refuse("ECAP.IR needs ECAP.QI");
  if (ecap.eim && !ecap.ir) refuse("ECAP.EIM needs ECAP.IR");
  if (ecap.dt && !ecap.qi) refuse("ECAP.DT needs ECAP.QI");
  if (ecap.smts && !ecap.qi) refuse("ECAP.SMTS needs ECAP.QI");
  if (ecap.prs && !ecap.dt) refuse("ECAP.PRS needs ECAP.DT");
  if (ecap.ecs) checkExtended(ecap);
}

/**
 * What a unit with extended contexts cannot be. RTADDR.RTT lies where later versions have their
 * translation table mode, so that a unit has the one or the other.
 */
function checkExtended(ecap: EcapFields): void {
  if (ecap.smts) refuse("ECAP.ECS and ECAP.SMTS are of different versions");
  if (ecap.adms) refuse("ECAP.ECS and ECAP.ADMS are of different versions");
  if (!ecap.qi) refuse("ECAP.ECS needs ECAP.QI");
  if (ecap.dis) refuse("ECAP.DIS is set: deferred invalidation is not modelled");
  if (ecap.pot) refuse("ECAP.POT is set: PASID-only translation is not modelled");
}

/** The first byte that no register with a fixed offset uses, below 0x100. */
const fixedEnd = (ecap: EcapFields): number => (ecap.prs || ecap.smts ? at.peuaddr + 4 : at.pqh);

/**
 * Checks that fault records and IOTLB registers lie in the register page, clear of others.
 * Reading: an IRO of 0 means that the unit has no IVA and IOTLB registers.
 */
export function checkPlaces(cap: CapFields, ecap: EcapFields, hasIotlb: boolean): void {
  const records = { start: cap.fro * 16, end: (cap.fro + cap.nfr + 1) * 16 };
  const iotlb = { start: ecap.iro * 16, end: (ecap.iro + 1) * 16 };
  if (records.start < fixedEnd(ecap)) {
    refuse(`CAP.FRO puts the fault records at ${hex(records.start)}, over other registers`);
  }
  if (records.end > 4096) refuse("CAP.FRO and CAP.NFR put fault records outside the register page");
  if (!hasIotlb) return;
  if (iotlb.start < fixedEnd(ecap)) {
    refuse(`ECAP.IRO puts the IOTLB registers at ${hex(iotlb.start)}, over other registers`);
  }
  if (iotlb.end > 4096) refuse("ECAP.IRO puts the IOTLB registers outside the register page");
  if (iotlb.start < records.end && records.start < iotlb.end) {
    refuse("CAP.FRO and ECAP.IRO overlap");
  }
}

/** The host address width in bits: the MGAW, at most 52, unless given. @throws ProfileError */
export function checkedHaw(given: number | undefined, mgaw: number): number {
  const haw = given ?? Math.min(mgaw, 52);
  if (!Number.isInteger(haw) || haw < 32 || haw > 52) {
    refuse(`the host address width is ${haw} bits, not 32 to 52`);
  }
  return haw;
}
