import type { UnitWords } from "../implementation.ts";

/** Offsets of the registers. Fault records and IVA are where CAP and ECAP say. */
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
  iqh: 0x80,
  iqt: 0x88,
  iqa: 0x90,
  ics: 0x9c,
  iectl: 0xa0,
  iqercd: 0xb0,
  iva: 0xf0,
  iotlb: 0xf8,
  records: 0x220,
} as const;

export const recordCount = 4;

/** What the unit can do: legacy mode with caching mode, 48 bits, a queue, pass-through. */
export const words: UnitWords = {
  ver: 0x10n,
  cap:
    // ND, CM, SAGAW, MGAW, ZLR, FRO.
    6n |
    (1n << 7n) |
    (6n << 8n) |
    (47n << 16n) |
    (1n << 22n) |
    (0x22n << 24n) |
    // SLLPS, PSI, NFR, MAMV, DWD and DRD.
    ((3n << 34n) | (1n << 39n) | (3n << 40n) | (18n << 48n) | (3n << 54n)),
  // C, QI, PT, SC, IRO.
  ecap: 1n | (1n << 1n) | (1n << 6n) | (1n << 7n) | (0xfn << 8n),
};

/** Bits that software can change, in each 32 bits of a register that keeps what is written. */
export const writable: ReadonlyMap<number, number> = new Map([
  [at.rtaddr, 0xffff_f000],
  [at.rtaddr + 4, 0xffff_ffff],
  // FEDATA and FEADDR, IEDATA and IEADDR: there is no upper address without extended interrupts.
  [at.fectl + 4, 0xffff],
  [at.fectl + 8, 0xffff_fffc],
  [at.iectl + 4, 0xffff],
  [at.iectl + 8, 0xffff_fffc],
]);

/** The register page. */
export interface Registers {
  readonly bytes: Uint8Array;
  readonly get: (offset: number) => number;
  readonly set: (offset: number, value: number) => void;
  readonly get64: (offset: number) => bigint;
  readonly set64: (offset: number, value: bigint) => void;
}

/** A register page as it is after power-on. */
export function newRegisters({ ver, cap, ecap }: UnitWords): Registers {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  view.setUint32(at.ver, Number(ver), true);
  view.setBigUint64(at.cap, cap, true);
  view.setBigUint64(at.ecap, ecap, true);
  view.setUint32(at.fectl, 0x8000_0000, true);
  view.setUint32(at.iectl, 0x8000_0000, true);
  return {
    bytes,
    get: (offset) => view.getUint32(offset, true),
    set: (offset, value) => view.setUint32(offset, value, true),
    get64: (offset) => view.getBigUint64(offset, true),
    set64: (offset, value) => view.setBigUint64(offset, value, true),
  };
}
