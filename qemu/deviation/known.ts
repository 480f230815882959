// Length: one table, which is read as a whole.

import type { Source } from "./sources.ts";
import { sources } from "./sources.ts";

/** A way in which QEMU is known not to follow the architecture, in words. */
export interface KnownDeviation {
  readonly id: string;
  /** What QEMU does. */
  readonly does: string;
  /** The rule that it breaks. */
  readonly rule: string;
  /** When the fuzzer passes it by. */
  readonly when: string;
  /** How: by going on in QEMU's state, by ending the program there, or by not letting it arise. */
  readonly how: "goes on" | "ends" | "avoids";
  /** The profile that its script needs. */
  readonly profile: "legacy" | "scalable" | "first-stage";
  /** Versions of QEMU that it was seen in, of those that were looked at. */
  readonly seen: readonly SeenIn[];
  /** What was looked up for the rule, if anything was. */
  readonly source: Source | undefined;
}

/** The versions of QEMU that were looked at, from old to new. */
const looked = ["7.2", "10.0", "11.1"] as const;

type SeenIn = (typeof looked)[number];

/** A version of QEMU. */
export interface Version {
  readonly major: number;
  readonly minor: number;
}

type Row = readonly [
  id: string,
  does: string,
  rule: string,
  when: string,
  how: KnownDeviation["how"],
  profile?: KnownDeviation["profile"],
  only?: readonly SeenIn[],
];

const rows: readonly Row[] = [
  [
    "wait-both",
    "A wait descriptor with both SW and IF ends QEMU by an assertion.",
    "A wait descriptor may ask for a status word, an interrupt, or both.",
    "a wait descriptor with both flags is written into the queue",
    "avoids",
    "legacy",
    ["7.2", "10.0"],
  ],
  [
    "wait-nothing",
    "A wait descriptor with neither SW nor IF is an invalidation queue error.",
    "It is complete when what came before it is; nobody is told.",
    "QEMU halts with IQE in a step in which the model executes such a descriptor",
    "ends",
  ],
  [
    "pasid-mask-refused",
    "PASID-based invalidations of more pages than CAP.MAMV says are invalidation queue errors.",
    "MAMV is about the second stage: of PASID-based ones any address mask is supported.",
    "QEMU halts with IQE in a step in which the model executes such a descriptor",
    "ends",
    "scalable",
    ["10.0", "11.1"],
  ],
  [
    "empty-queue-kept",
    "A queue in which no descriptor was executed since it was enabled cannot be disabled.",
    "A queue that is empty may be disabled.",
    "GSTS differs after QIE is cleared, and nothing was fetched since it was set",
    "goes on",
  ],
  [
    "queue-not-resumed",
    "Clearing FSTS.IQE does not restart the queue; only a write to IQT does.",
    "The queue fetches again once software has cleared the error.",
    "a write to FSTS, or to the upper half of IQT, after which the model's queue fetches",
    "goes on",
  ],
  [
    "device-tlb-accepted",
    "Device-TLB invalidations are executed by a unit without device TLBs (ECAP.DT=0).",
    "A type that the unit does not support is an invalidation queue error.",
    "a descriptor of type 3 without ECAP.DT is written into the queue",
    "avoids",
  ],
  [
    "pasid-descriptor-accepted",
    "PASID invalidations are executed by a unit without scalable mode (ECAP.SMTS=0).",
    "A type that the unit does not support is an invalidation queue error.",
    "a descriptor of type 6 or 7 without ECAP.SMTS is written into the queue",
    "avoids",
    "legacy",
    ["7.2"],
  ],
  [
    "descriptor-type-bits",
    "Bits 11:9 of a descriptor are not looked at.",
    "They belong to the type, and no type has them set.",
    "a descriptor with one of these bits is written into the queue",
    "avoids",
    "legacy",
    ["7.2"],
  ],
  [
    "descriptor-accepted",
    "Wrong ones of types 4 and 7, also of 128 bits, run; before 10 upper halves; in 11.1 type 9.",
    "A reserved bit that is set is an invalidation queue error.",
    "the model's queue halts at such a descriptor, or at one of the three above",
    "ends",
  ],
  [
    "iqa-latched",
    "IQA reads as it was when the queue was enabled last, not as it was written.",
    "A register reads as it was written.",
    "IQA differs and has the address that was latched last",
    "goes on",
  ],
  [
    "irta-eime",
    "IRTA.EIME can be set by a unit without extended interrupt mode (ECAP.EIM=0).",
    "The bit is reserved there.",
    "IRTA is written with EIME, without ECAP.EIM",
    "avoids",
  ],
  [
    "compatibility-ignored",
    "GCMD.CFI does nothing, and GSTS.CFIS stays 0.",
    "CFI lets interrupts in compatibility format pass, or blocks them.",
    "GCMD is written with CFI",
    "avoids",
  ],
  [
    "compatibility-passed",
    "Interrupts in compatibility format pass while remapping is enabled and CFIS is 0.",
    "They are blocked with fault 25h.",
    "an interrupt that the model blocks with 25h arrives unchanged",
    "goes on",
  ],
  [
    "interrupt-fault-unreported",
    "A blocked interrupt is not recorded as a fault.",
    "Blocked interrupts are reported like blocked DMA.",
    "after an interrupt that the model blocks the fault registers are as they were before",
    "goes on",
    "legacy",
    ["7.2"],
  ],
  [
    "irte-mode-ignored",
    "IM (CAP.PI=0) and, without EIME, bits of DST but 15:8 of interrupt entries are not looked at.",
    "They are reserved there, and a reserved bit is fault 24h.",
    "the model blocks with 24h by an entry with one of them set, without CAP.PI",
    "goes on",
  ],
  [
    "irte-bus-order",
    "With SVT=2 the first bus is taken from SID's lower byte and the last from its upper one.",
    "It is the other way round, and Linux and Xen write it so.",
    "the entry that an interrupt uses has SVT=2",
    "goes on",
  ],
  [
    "iotlb-permission",
    "DMA that hits a cached translation without the right that it needs is blocked silently.",
    "It is a fault (5h or 6h), which is recorded.",
    "a translation used before by the same source, not invalidated, does not allow the access",
    "goes on",
  ],
  [
    "iotlb-source-tag",
    "Cached translations are found by source-id: after a change of domain the old ones are used.",
    "They belong to the domain-id of the entry.",
    "DMA goes where one of the same source went under another domain-id",
    "ends",
  ],
  [
    "pass-through-width",
    "Pass-through does not check the address against the host's width of addresses.",
    "An address beyond it is fault 4h, or 83h.",
    "DMA to an address of more bits than the host's have goes to that address",
    "goes on",
  ],
  [
    "superpage-interrupt-range",
    "All of a superpage that overlaps the interrupt range is refused with Eh.",
    "What matters is where the request goes.",
    "fault Eh or 87h where a page is right and its leaf has interrupt pages too",
    "ends",
  ],
  [
    "snoop-ignored",
    "In scalable mode SNP of second-stage leaves is not reserved without ECAP.SC.",
    "It is reserved there: 7Ah.",
    "DMA goes through a leaf with SNP set, without ECAP.SC, where 7Ah is right",
    "ends",
    "scalable",
  ],
  [
    "context-reserved-unsuppressed",
    "Fault Bh is recorded although the entry has FPD set.",
    "FPD suppresses every fault that arises with the entry at hand.",
    "fault Bh where a suppressed fault is right",
    "ends",
  ],
  [
    "fault-event-kept",
    "FECTL.IP stays set when the last fault record is cleared; only a write to FSTS clears it.",
    "IP is cleared when no condition is left.",
    "FECTL differs by IP after a write to a fault record",
    "goes on",
  ],
  [
    "table-in-device-memory",
    "A table in the address range of a device is read from the device; many read as zeros.",
    "A table that is not in memory cannot be read: 7h, 73h and so on.",
    "a table of the walk, or the interrupt entry, lies where a device is",
    "ends",
  ],
  [
    "scalable-reasons",
    "Scalable faults have legacy codes, legacy Eh is 87h; before 10 those of PASIDs are 58h.",
    "Each mode has codes of its own: 39h, 41h, 79h and so on.",
    "a code where the one of the same meaning is right",
    "goes on",
    "first-stage",
  ],
  [
    "fault-record-pasid",
    "Records of requests without PASID have PP set in scalable mode.",
    "PP says that the request had a PASID.",
    "a fault record differs by PP and PV alone",
    "goes on",
    "first-stage",
    ["7.2", "10.0"],
  ],
  [
    "table-mode-ignored",
    "The reserved values of RTADDR.TTM are not refused.",
    "They block every request with 30h.",
    "RTADDR is written with bit 11 set",
    "avoids",
    "first-stage",
  ],
  [
    "first-stage-width",
    "First-stage addresses are checked against AW of the PASID entry.",
    "AW belongs to the second stage; a first stage of 4 levels has 48 bits.",
    "QEMU's walk ends with 80h for an address that is canonical in 48 bits, not in those of AW",
    "ends",
    "first-stage",
    ["10.0", "11.1"],
  ],
  [
    "execute-disable-ignored",
    "Bit 63 of first-stage entries is ignored where NXE is clear.",
    "It is reserved there: 72h.",
    "QEMU's walk does what QEMU did, and meets a present entry with bit 63 where NXE is clear",
    "ends",
    "first-stage",
    ["10.0", "11.1"],
  ],
  [
    "dirty-not-set",
    "A cached translation sets no accessed and dirty bits; a walk sets them even if it faults.",
    "The dirty bit is set before a write lands, and bits by translations, not by faults.",
    "in the end present entries, or what a device read of them, differ in these two bits alone",
    "goes on",
    "first-stage",
    ["10.0", "11.1"],
  ],
  [
    "pasid-reserved-ignored",
    "Reserved bits of PASID directory and PASID entries are not looked at.",
    "A reserved bit that is set there is fault 52h or 5Ah.",
    "QEMU's reading does what QEMU did, by an entry with a reserved bit set",
    "ends",
    "first-stage",
  ],
  [
    "pasid-fpd-ignored",
    "A PASID fault is recorded although FPD is set in directory or entry (before 10: or context).",
    "FPD suppresses every fault that arises with the entry at hand.",
    "QEMU's reading stops with that fault, and FPD is set in one of the entries read",
    "ends",
    "first-stage",
  ],
  [
    "pasid-presence-ignored",
    "P of a PASID entry is not looked at while the context is cached, else after its type.",
    "An entry that is not present is fault 59h.",
    "QEMU's reading does what QEMU did, by an entry without P",
    "ends",
    "first-stage",
  ],
  [
    "pasid-type-unchecked",
    "A PASID entry's type and levels are not checked if the context is cached and FPD set above.",
    "A type or width that the unit does not have is fault 5Bh.",
    "QEMU's reading does what QEMU did, by such an entry below such a context or directory",
    "ends",
    "first-stage",
  ],
  [
    "pasid-entry-unread",
    "A missing PASID directory or table goes unnoticed if the context is cached and FPD set.",
    "They are faults 50h, 51h and 58h; QEMU goes on with an entry that it never read.",
    "QEMU's reading comes to a missing one below a remembered context or directory with FPD",
    "ends",
    "first-stage",
    ["7.2", "10.0"],
  ],
  [
    "table-levels-unchecked",
    "Page tables of over 4 levels are walked if the context is cached and FPD set: an assertion.",
    "A width that the unit does not have is fault 5Bh.",
    "QEMU's reading of a DMA comes to a PASID entry with more than 4 levels: it is left out",
    "avoids",
    "first-stage",
    ["10.0", "11.1"],
  ],
  [
    "pasid-type-ignored",
    "Before 10 first-stage and nested entries are second-stage ones; pass-through must have AW.",
    "Each type has a capability of its own, and AW belongs to the second stage.",
    "QEMU's reading does what QEMU did, by an entry of these types",
    "ends",
    "scalable",
    ["7.2"],
  ],
  [
    "context-reserved-ignored",
    "DTE, PASIDE, PRE, RID_PASID, RID_PRIV are not checked, nor RID_PASID by PDTS or PRE by DTE.",
    "They are reserved where the unit lacks what they are for: 42h; PRE alone, beyond PDTS: 43h.",
    "QEMU's reading does what QEMU did, by a context entry with such a bit or RID_PASID",
    "ends",
    "first-stage",
  ],
  [
    "root-other-half",
    "Reserved bits of both halves of a scalable root entry are checked.",
    "A request uses one half, and what the other one has does not matter to it.",
    "fault Ah where the other half has a reserved bit set, and its own half none",
    "ends",
    "first-stage",
  ],
  [
    "pass-through-kept",
    "Pass-through goes on after a PASID-cache invalidation; since 11.1 after some of them.",
    "After a PASID-cache invalidation the new entry counts.",
    "DMA is not translated, and the device was passed through since QEMU looked at its context",
    "ends",
    "first-stage",
  ],
  [
    "first-stage-order",
    "Each level of a first stage is checked for present, user, write and then reserved bits.",
    "Reserved bits are looked at before rights.",
    "QEMU's walk ends with that fault, and its entries have another one as well",
    "ends",
    "first-stage",
    ["10.0", "11.1"],
  ],
  [
    "tail-unaligned-ignored",
    "A tail that is not aligned to a 256-bit descriptor is ignored.",
    "It is an invalidation queue error.",
    "the model's queue halts because bit 4 of IQT is set with 256-bit descriptors",
    "goes on",
    "scalable",
    ["7.2"],
  ],
  [
    "tail-unaligned-early",
    "A tail that is not aligned to a 256-bit descriptor is an error although nothing is fetched.",
    "It is found when the queue fetches.",
    "FSTS differs by IQE after bit 4 of IQT is written with IQA.DW while no queue fetches",
    "ends",
    "scalable",
    ["10.0", "11.1"],
  ],
];

/** Every known deviation of QEMU. */
export const knownDeviations: readonly KnownDeviation[] = rows.map(
  ([id, does, rule, when, how, profile = "legacy", only]) => ({
    ...{ id, does, rule, when, how, profile },
    seen: only ?? looked,
    source: sources[id],
  }),
);

const numberOf = ({ major, minor }: Version): number => major * 1000 + minor;
const versionOf = (name: SeenIn): Version => {
  const [major = 0, minor = 0] = name.split(".").map(Number);
  return { major, minor };
};

/**
 * Whether a version of QEMU has a deviation. Nobody has looked at those between two that were
 * looked at: it may if one of the two has it.
 */
export function isSeenIn({ seen }: KnownDeviation, version: Version): boolean {
  const asked = numberOf(version);
  const before = looked.findLast((name) => numberOf(versionOf(name)) <= asked);
  const after = looked.find((name) => numberOf(versionOf(name)) >= asked);
  return [before, after].some((name) => name !== undefined && seen.includes(name));
}
