import { hex } from "./address.ts";
import type { DecodedBy } from "./layout.ts";
import { Cap, Ecap, Ver } from "./registers/capability.ts";

/** Capability words that no unit may have; one line that says which field and why. */
export class ProfileError extends Error {}

/** Levels of a second-stage table. */
export type Levels = 3 | 4 | 5;

/** What a unit can do: all of it follows from VER, CAP, ECAP and the host address width. */
export interface Profile {
  readonly name: string;
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
  readonly major: number;
  readonly minor: number;
  /** Host address width in bits, 32 to 52: address bits from here on are reserved in entries. */
  readonly haw: number;
  /** Maximum guest address width in bits. */
  readonly mgaw: number;
  /** Second-stage tables that the unit walks; empty when it does not translate. */
  readonly levels: ReadonlySet<Levels>;
  readonly superpages: { readonly m2: boolean; readonly g1: boolean };
  readonly cachingMode: boolean;
  readonly queued: boolean;
  /** Whether CCMD, IVA and IOTLB exist. */
  readonly registerInvalidation: boolean;
  readonly interruptRemapping: boolean;
  readonly eim: boolean;
  readonly postedInterrupts: boolean;
  readonly passThrough: boolean;
  readonly deviceTlb: boolean;
  /** Whether PFSID and throttling exist in device TLB invalidations. */
  readonly dit: boolean;
  readonly pageRequests: boolean;
  /** Whether a wait descriptor can drain page requests. */
  readonly pageDrain: boolean;
  readonly ecs: boolean;
  readonly coherent: boolean;
  readonly snoop: boolean;
  readonly smts: boolean;
  readonly ssts: boolean;
  readonly flts: boolean;
  readonly nest: boolean;
  readonly psi: boolean;
  readonly mamv: number;
  readonly mhmv: number;
  /** Bits of a domain-id. */
  readonly domainBits: number;
  /** Number of fault records, 1 to 256. */
  readonly nfr: number;
  /** Byte offset of the first fault record. */
  readonly fro: number;
  /** Byte offset of IVA; IOTLB follows 8 bytes later. */
  readonly iro: number;
  readonly rwbf: boolean;
  readonly plmr: boolean;
  readonly phmr: boolean;
  readonly drd: boolean;
  readonly dwd: boolean;
  readonly zlr: boolean;
  readonly esrtps: boolean;
  readonly esirtps: boolean;
}

/** The words that make a profile. `haw` is the MGAW, at most 52, when missing. */
export interface ProfileWords {
  readonly name?: string | undefined;
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
  readonly haw?: number | undefined;
}

type CapFields = DecodedBy<typeof Cap>;
type EcapFields = DecodedBy<typeof Ecap>;

const refuse = (why: string): never => {
  throw new ProfileError(why);
};

const legalSuperpages: ReadonlySet<number> = new Set(Object.values(Cap.fields.sllps.names));

function checkFields(cap: CapFields, ecap: EcapFields): void {
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
}

/** The first byte that no register with a fixed offset uses, below 0x100. */
const fixedEnd = (ecap: EcapFields): number => (ecap.prs || ecap.smts ? 0xf0 : 0xc0);

/**
 * Checks that fault records and IOTLB registers lie in the register page, clear of others.
 * Reading: an IRO of 0 means that the unit has no IVA and IOTLB registers.
 */
function checkPlaces(cap: CapFields, ecap: EcapFields, hasIotlb: boolean): void {
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

function levelsOf(sagaw: number): ReadonlySet<Levels> {
  const all: readonly Levels[] = [3, 4, 5];
  return new Set(all.filter((levels) => (sagaw >> (levels - 2)) & 1));
}

function checkedHaw(given: number | undefined, mgaw: number): number {
  const haw = given ?? Math.min(mgaw, 52);
  if (!Number.isInteger(haw) || haw < 32 || haw > 52) {
    refuse(`the host address width is ${haw} bits, not 32 to 52`);
  }
  return haw;
}

/**
 * The rules that capability words stand for. Reserved bits of the words are ignored.
 *
 * @throws ProfileError when the words contradict each other or ask for what no unit has.
 */
export function profileOf(words: ProfileWords): Profile {
  const cap = Cap.decode(words.cap);
  const ecap = Ecap.decode(words.ecap);
  const ver = Ver.decode(words.ver);
  const registerInvalidation = ver.major < 6;
  checkFields(cap, ecap);
  checkPlaces(cap, ecap, registerInvalidation && ecap.iro !== 0);
  const mgaw = cap.mgaw + 1;
  return Object.freeze<Profile>({
    name: words.name ?? "unnamed",
    ver: words.ver,
    cap: words.cap,
    ecap: words.ecap,
    ...ver,
    haw: checkedHaw(words.haw, mgaw),
    mgaw,
    levels: levelsOf(cap.sagaw),
    superpages: Object.freeze({ m2: (cap.sllps & 1) !== 0, g1: (cap.sllps & 2) !== 0 }),
    cachingMode: cap.cm,
    queued: ecap.qi,
    registerInvalidation,
    interruptRemapping: ecap.ir,
    eim: ecap.eim,
    postedInterrupts: cap.pi && ecap.ir,
    passThrough: ecap.pt,
    deviceTlb: ecap.dt,
    dit: ecap.dit,
    pageRequests: ecap.prs,
    pageDrain: ecap.pds,
    ecs: ecap.ecs,
    coherent: ecap.c,
    snoop: ecap.sc,
    smts: ecap.smts,
    ssts: ecap.ssts,
    flts: ecap.flts,
    nest: ecap.nest,
    psi: cap.psi,
    mamv: cap.mamv,
    mhmv: ecap.mhmv,
    domainBits: 4 + 2 * cap.nd,
    nfr: cap.nfr + 1,
    fro: cap.fro * 16,
    iro: ecap.iro * 16,
    rwbf: cap.rwbf,
    plmr: cap.plmr,
    phmr: cap.phmr,
    drd: cap.drd,
    dwd: cap.dwd,
    zlr: cap.zlr,
    esrtps: cap.esrtps,
    esirtps: cap.esirtps,
  });
}
