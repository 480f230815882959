/**
 * Where the registers lie that have a fixed place, in bytes from the start of the register page.
 * The others' places are capabilities: fault records (CAP.FRO), IVA and IOTLB (ECAP.IRO).
 */
export const at = {
  ver: 0x00,
  cap: 0x08,
  ecap: 0x10,
  gcmd: 0x18,
  gsts: 0x1c,
  rtaddr: 0x20,
  ccmd: 0x28,
  fsts: 0x34,
  fectl: 0x38,
  fedata: 0x3c,
  feaddr: 0x40,
  feuaddr: 0x44,
  pmen: 0x64,
  plmbase: 0x68,
  plmlimit: 0x6c,
  phmbase: 0x70,
  phmlimit: 0x78,
  iqh: 0x80,
  iqt: 0x88,
  iqa: 0x90,
  ics: 0x9c,
  iectl: 0xa0,
  iedata: 0xa4,
  ieaddr: 0xa8,
  ieuaddr: 0xac,
  iqercd: 0xb0,
  irta: 0xb8,
  pqh: 0xc0,
  pqt: 0xc8,
  pqa: 0xd0,
  prs: 0xdc,
  pectl: 0xe0,
  pedata: 0xe4,
  peaddr: 0xe8,
  peuaddr: 0xec,
} as const;

const lineOf = (prefix: "fe" | "ie" | "pe") => ({
  control: at[`${prefix}ctl`],
  data: at[`${prefix}data`],
  low: at[`${prefix}addr`],
  high: at[`${prefix}uaddr`],
});

/** Control, data, address and upper address of each event line. */
export const lineRegisters = {
  fault: lineOf("fe"),
  invalidation: lineOf("ie"),
  pageRequest: lineOf("pe"),
} as const;

/** A unit's capabilities as far as they place fault records: their first byte, and their number. */
export interface RecordPlaces {
  readonly fro: number;
  readonly nfr: number;
}

export const recordBytes = 16;

/** Where a fault record lies. */
export const faultRecordAt = ({ fro }: Pick<RecordPlaces, "fro">, index: number): number =>
  fro + recordBytes * index;

/** Where IOTLB lies, after IVA, which begins at `iro`. */
export const iotlbAt = ({ iro }: { readonly iro: number }): number => iro + 8;
