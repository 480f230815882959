/** Why no case can show a rule: in words, and the rules of SPEC.md that it holds for. */
type Hidden = readonly [reason: string, rules: string];

const hiddenRules: readonly Hidden[] = [
  [
    "It is about what the host keeps behind the unit: P2M, shadow, host entries and frames.",
    "TR8 PE3 PE9 FS6 FS7 FC7 FA2 SH1 SH2 SH3 SH4 SY2 SY3 SY4 SY6 SY8 SY9 SY10 SR1 SR2 " +
      "SR3 WB1 WB2 WB3 WB4 WB5 WB6 WB7 SZ1 SZ2 IS1 IS2 PM1 PM2 PM3 PM4 PM5 PM6 PM7 PM8 " +
      "PM9 PM10 DV2 DV3 DV4 DV5 DV7 DV8 DV10 DV11 DV12 DV13 DV14 DT1 DT2 DT3 DT4 DT5 " +
      "IV3 IV5 IV7 SH5 PT1 PT2 HE1 HE2 HE3 WB8 DM2",
  ],
  [
    "No target with a profile of version 2.x is known.",
    "EC51 EC52 EC53 EC54 EC55 EC56 EC57 EC58 EC59 EC60 EC61 EC62 EC63 EC70 EC71 EC72 EC73 EC74 " +
      "EC75 EC80 EC81 EC82 EC83 EC84 EC85 EC90 EC91 EC92 EC93 EC94 EC95 EC96 EC97",
  ],
  ["It is about what facts tell, not about what shows.", "FT1 FT2 FT3 FT4 QU3 FS8"],
  [
    "A unit may remember or forget: either answer is right.",
    "CX1 PE4 PE6 PE7 FC1 FC2 FC5 GC5 IN7 SY1 SY5",
  ],
  ["The oracle lets a unit without caching mode keep what was not present, too.", "DV9"],
  [
    "What software does there is undefined, so that no target is asked.",
    "GC2 GC3 GC12 RI3 RP1 RP4 IQ2 IQ20",
  ],
  [
    "No request of a target says it: an unflushed write, a time-out, a request in flight.",
    "TR12 TR13 TR14 TR16 FC6 GC13 IQ14 IQ16 IQ19 PI4 MV2 MV3 DV1 WB10 WB11 WB12 WB13 WB14 WB15 " +
      "WB16 WB17 WB18 WB19 WB30 WB33",
  ],
  ["It takes a write of the unit's to where no memory is, which is left open.", "IQ8 PQ5"],
  ["A message that a target is asked for has 16 bits of data, and none beyond FEEF_FFFFh.", "IB20"],
  [
    "Hardware need not have the bits of a pointer beyond the host's width: no target is asked.",
    "TR15",
  ],
  ["No unit of the profiles is of major version 6.", "RI5"],
  ["It tells facts of the model and nothing that shows.", "IQ18"],
  ["Notifications of posted interrupts are not among the answers of a target.", "PI2"],
  [
    "It is about what a device itself holds or does; a target is the unit.",
    "AT7 AT8 AT10 AT11 AT12 AT13 AT14 AT15 AT16 AT17 AT18 AT19 AT20 AT21 AT22 TL1 " + "PQ18",
  ],
  [
    "It is about making, saving and resetting a unit.",
    "PQ21 PQ22 LC1 LC2 LC3 LC4 LC5 LC6 LC7 LC8 LC9 LC10 LC11 SV1 SV2 SV3 SV4 SV5 SV6 " +
      "SV7 SV8 SV9 SV10 SV11",
  ],
];

/** The reason why no case shows a rule, by the rule's id. */
export const hidden: ReadonlyMap<string, string> = new Map(
  hiddenRules.flatMap(([reason, rules]) => rules.split(" ").map((rule) => [rule, reason] as const)),
);

/** The sections of SPEC.md that are about a unit; the others are about this program. */
export const unitSections: readonly string[] = [
  ...[
    "Translation",
    "Write buffer",
    "Contexts",
    "Scalable mode",
    "Extended contexts",
    "First stage and nesting",
    "Global command",
  ],
  ...["Registers", "Register-based invalidation", "Invalidation queue", "Device TLBs"],
  ...["Page requests", "Faults", "Event lines", "Protected memory", "Interrupts", "Shadow"],
  ...["Isolation", "Invalidation", "Devices", "Life cycle"],
];
