import type { Outcome, Request } from "./outcome.ts";
import { outcomeOf } from "./outcome.ts";
import type { ExtendedUnit } from "./unit.ts";
import { pasidBits } from "./unit.ts";

/** ND 16 bits, CM, 3 and 4 levels, MGAW 48, 2 MiB and 1 GiB pages of both levels, PSI, MAMV 18. */
export const extendedCap = 0x0112_008c_222f_0686n;
/** All of VT-d 2.4 but DIT and PDS: C, QI, DT, IR, PT, SC, ECS to SRS, EAFS, PSS 20 bits, PASID. */
export const extendedEcap = [
  ...[0, 1, 2, 3, 6, 7, 24, 25, 26, 27, 29, 30, 31, 34, 35, 36, 39, 40],
].reduce((word, index) => word | (1n << BigInt(index)), 0n);

/** Memory of words, zero where nothing was put, to 1 MiB; and a unit that reads it. */
export interface Bytes {
  readonly unit: { -readonly [K in keyof ExtendedUnit]: ExtendedUnit[K] };
  readonly put: (gpa: bigint, ...values: readonly bigint[]) => void;
  /** Pages that cannot be written. */
  readonly readOnly: Set<bigint>;
}

const limit = 0x10_0000n;

/** Does something to memory or to the unit. */
export type Spoil = (bytes: Bytes) => void;

/** 00:04.0, in the lower half, and 00:14.0, in the upper. */
export const [lower, upper] = [0x20, 0xa0];

/** Where the entries of 00:04.0 and PASID 42h are. */
export const places = { root: 0x1000n, context: 0x2400n, pasid: 0x6210n } as const;

/** Words of a context entry: P, type, domain 5 with four levels at 8000h, PASIDs at 6000h. */
const entry = (type: bigint, flags: bigint): readonly bigint[] => [
  0x8001n | (type << 2n) | flags,
  // ERE, NXE, WPE, PGE and four levels.
  0x0400_053an,
  // 2^(2 + 5) PASIDs.
  0x6002n,
  0x7000n,
];

/** Bits of the first word. */
export const [dinve, pre, neste, paside] = [0x100n, 0x200n, 0x400n, 0x800n];

/** The context entries that the tests begin with. */
export const entries = {
  plain: entry(0n, paside),
  deviceTlb: entry(1n, paside | pre),
  passThrough: entry(2n, 0n),
  guest: entry(4n, paside),
  guestDeviceTlb: entry(5n, paside),
  nested: entry(0n, paside | neste),
} as const;

/**
 * Extended root at 1000h, lower contexts at 2000h, upper ones at 3000h. PASID 42h has a first level
 * at a000h, which leads address 1806000h to f000h by b000h, c000h and d000h. The second level at
 * 8000h leads the first 2 MiB to themselves by 9000h and e000h, where a page is a leaf of its own.
 */
export function example(words: readonly bigint[] = entries.plain): Bytes {
  const memory = new Map<bigint, bigint>();
  const readOnly = new Set<bigint>();
  const read64 = (gpa: bigint) => (gpa < limit ? (memory.get(gpa) ?? 0n) : undefined);
  const canWrite = (gpa: bigint) => gpa < limit && !readOnly.has(gpa >> 12n);
  const put = (gpa: bigint, ...values: readonly bigint[]): void => {
    for (const [index, value] of values.entries()) memory.set(gpa + BigInt(8 * index), value);
  };
  put(places.root, 0x2001n, 0x3001n);
  put(places.context, ...words);
  // SRE.
  put(places.pasid, 0xa801n);
  put(0xa000n, 0xb007n);
  put(0xb000n, 0xc007n);
  put(0xc060n, 0xd007n);
  put(0xd030n, 0xf007n);
  put(0x8000n, 0x9007n);
  put(0x9000n, 0xe007n);
  put(0xe000n, 0x4007n);
  for (let page = 0n; page < 256n; page++) put(0x4000n + page * 8n, (page << 12n) | 7n);
  const unit = {
    ...{ cap: extendedCap, ecap: extendedEcap, haw: 40, root: 0x1800n },
    ...{ pasidBit: pasidBits.from24, read64, canWrite },
  };
  return { unit, put, readOnly };
}

export const putAt =
  (gpa: bigint, ...values: readonly bigint[]): Spoil =>
  (bytes) =>
    bytes.put(gpa, ...values);

/** Takes bits of ECAP away. */
export const without =
  (...indices: readonly number[]): Spoil =>
  ({ unit }) => {
    for (const index of indices) unit.ecap &= ~(1n << BigInt(index));
  };

/** The address that the first level leads to f000h. */
export const mapped = 0x180_6000n;

export const ask = ({ unit }: Bytes, request: Partial<Request> = {}): Outcome =>
  outcomeOf(unit, { sid: lower, address: mapped, access: "read", ...request });

/** The GPA that a request ends at, its reason negated, or what else it is. */
export function reach(bytes: Bytes, request: Partial<Request> = {}): bigint | number | string {
  const outcome = ask(bytes, request);
  if (outcome.kind === "page") return outcome.gpa;
  return outcome.kind === "fault" ? outcome.reason : outcome.kind;
}
