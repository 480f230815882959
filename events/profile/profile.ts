import { Cap, Ecap, Ver } from "../registers/capability.ts";
import { checkedHaw, checkFields, checkPlaces } from "./profile-check.ts";

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
  /** Extended root and context entries (2.x); PASIDs are then those of 2.x. */
  readonly ecs: boolean;
  readonly deferredInvalidation: boolean;
  /** Whether reads of tables snoop the CPU's caches, but for those that `walkSnoop` is about. */
  readonly coherent: boolean;
  /** Whether all of them do. */
  readonly snoopsAll: boolean;
  /** Whether paging structures of scalable mode are read otherwise than all else in that. */
  readonly splitSight: boolean;
  readonly snoop: boolean;
  /** Whether walks of scalable mode can be made to snoop, and whether there are memory types. */
  readonly walkSnoop: boolean;
  readonly memoryTypes: boolean;
  readonly smts: boolean;
  /** Whether the root pointer can ask for every request to be blocked. */
  readonly abortDma: boolean;
  readonly ssts: boolean;
  readonly flts: boolean;
  readonly nest: boolean;
  /** Requests with PASID. */
  readonly pasid: boolean;
  /** Bits of a PASID, 1 to 20. */
  readonly pasidBits: number;
  /** RID_PASID of context entries, and RID_PRIV. */
  readonly ridPasid: boolean;
  readonly ridPriv: boolean;
  readonly executeRequests: boolean;
  readonly supervisorRequests: boolean;
  /** The no-write flag of translation requests. */
  readonly noWriteFlag: boolean;
  readonly extendedAccessed: boolean;
  /** Accessed and dirty bits of second-stage entries. */
  readonly secondStageDirty: boolean;
  /** First-stage pages of 1 GiB, and tables of 5 levels. */
  readonly firstStage1g: boolean;
  readonly firstStage5: boolean;
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

function levelsOf(sagaw: number): ReadonlySet<Levels> {
  const all: readonly Levels[] = [3, 4, 5];
  return new Set(all.filter((levels) => (sagaw >> (levels - 2)) & 1));
}

/** Which reads of a unit see what the CPU has not written back. */
const snoopingOf = (ecap: ReturnType<typeof Ecap.decode>) => ({
  coherent: ecap.c,
  snoopsAll: ecap.c && (!ecap.smts || ecap.smpwcs),
  splitSight: ecap.smts && ecap.smpwcs !== ecap.c,
  snoop: ecap.sc,
  walkSnoop: ecap.smpwcs,
  memoryTypes: ecap.mts,
});

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
    deferredInvalidation: ecap.dis,
    ...snoopingOf(ecap),
    smts: ecap.smts,
    abortDma: ecap.adms,
    ssts: ecap.ssts,
    flts: ecap.flts,
    nest: ecap.nest,
    // Reading: of version 2.x bit 40 alone: 2.2 and 2.3, and EDK2, have it in bit 28, which 2.4 and
    // Linux call an error.
    pasid: ecap.pasid && (ecap.smts || ecap.ecs),
    pasidBits: Math.min(20, ecap.pss + 1),
    ridPasid: ecap.rps,
    ridPriv: ecap.rprivs,
    executeRequests: ecap.ers,
    supervisorRequests: ecap.srs,
    noWriteFlag: ecap.nwfs,
    extendedAccessed: ecap.eafs,
    secondStageDirty: ecap.slads,
    firstStage1g: cap.fl1gp,
    firstStage5: cap.fl5lp,
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
