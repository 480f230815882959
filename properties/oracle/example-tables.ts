import type { Access } from "../../events/input.ts";
import type { FirstWalk } from "./first-stage.ts";
import { walkFirstStage } from "./first-stage.ts";
import type { Asked } from "./resolve.ts";
import { resolve } from "./resolve.ts";
import type { Unit } from "./walk.ts";
import { walkTables } from "./walk.ts";

/** CM, SAGAW 3 to 5 levels, MGAW 48, 2 MiB and 1 GiB pages of both stages, five levels. */
export const scalableCap = 0x1112_008c_222f_0e86n;
/**
 * C, QI, DT, PT, NEST, PRS, ERS, SRS, EAFS, PSS 20 bits, PASID, SMTS, SSTS, FSTS, SMPWC, RPS,
 * RPRIVS.
 */
export const scalableEcap = [
  ...[0, 1, 2, 6, 26, 29, 30, 31, 34, 35, 36, 39, 40, 43, 46, 47, 48, 49, 53],
].reduce((word, index) => word | (1n << BigInt(index)), 0n);

/** Memory of some words; all other words of the first MiB are zero, nothing is beyond it. */
export interface Bytes {
  readonly unit: { -readonly [K in keyof Unit]: Unit[K] };
  /** Puts words from an address on. */
  readonly put: (gpa: bigint, ...values: readonly bigint[]) => void;
  /** Pages that cannot be written. */
  readonly readOnly: Set<bigint>;
}

const limit = 0x10_0000n;

export function newBytes(): Bytes {
  const words = new Map<bigint, bigint>();
  const readOnly = new Set<bigint>();
  const read64 = (gpa: bigint) => (gpa < limit ? (words.get(gpa) ?? 0n) : undefined);
  const canWrite = (gpa: bigint) => gpa < limit && !readOnly.has(gpa >> 12n);
  const unit = { cap: scalableCap, ecap: scalableEcap, haw: 40, root: 0x1400n, read64, canWrite };
  const put = (gpa: bigint, ...values: readonly bigint[]): void => {
    for (const [index, value] of values.entries()) words.set(gpa + BigInt(8 * index), value);
  };
  return { unit, put, readOnly };
}

/** The words of a PASID entry: what stands in bits 63:0, 127:64, 191:128. */
export type EntryWords = readonly [low: bigint, high?: bigint, third?: bigint];

export const types = { firstStage: 0x40n, secondStage: 0x80n, nested: 0xc0n, passThrough: 0x100n };

/** DID 5, four levels of second stage at 0x8000, of first stage at 0xa000; SRE, ERE, WPE, NXE. */
export const entryWords = {
  firstStage: [0x8009n | types.firstStage, 5n, 0xa033n],
  secondStage: [0x8009n | types.secondStage, 5n, 3n],
  nested: [0x8009n | types.nested, 5n, 0xa033n],
  passThrough: [0x1n | types.passThrough, 5n, 3n],
} as const;

/** Where the entries of 00:04.0 and PASID 0x42 are, and that of RID_PASID 7. */
export const places = {
  root: 0x1000n,
  context: 0x2400n,
  directory: 0x4008n,
  entry: 0x5080n,
  ridDirectory: 0x4000n,
  ridEntry: 0x61c0n,
} as const;

/** Words from an address on. */
type Run = readonly [gpa: bigint, ...values: readonly bigint[]];

/**
 * Root at 0x1000, contexts at 0x2000, directory of 128 entries at 0x4000. PASID 0x42 and RID_PASID
 * 7 have the same entry. First stage: IOVA page 0x1806 to 0x7000 by 0xa000, 0xb000, 0xc000, 0xd000;
 * second stage: identity of the first 2 MiB by 0x8000, 0x9000, 0xe000.
 */
export function exampleRuns([low, high = 0n, third = 0n]: EntryWords): readonly Run[] {
  return [
    [places.root, 0x2001n, 0x3001n],
    [places.context, 0x4009n, 7n],
    [places.directory, 0x5001n],
    [places.ridDirectory, 0x6001n],
    [places.entry, low, high, third],
    [places.ridEntry, low, high, third],
    [0xa000n, 0xb007n],
    [0xb000n, 0xc007n],
    [0xc060n, 0xd007n],
    [0xd030n, 0x7007n],
    [0x8000n, 0x9003n],
    [0x9000n, 0xe003n],
    [0xe000n, 0x83n],
  ];
}

export function example(words: EntryWords = entryWords.firstStage): Bytes {
  const bytes = newBytes();
  for (const [gpa, ...values] of exampleRuns(words)) bytes.put(gpa, ...values);
  return bytes;
}

/** The page that `example` maps. */
export const firstPage = 0x1806;

export const nvme = 0x20;

/** What a request ends with: a page, or a reason. */
export function reach(
  { unit }: Bytes,
  asked: Asked & { readonly access?: Access; readonly page?: number; readonly sid?: number } = {},
): bigint | number {
  const { access = "read", page = firstPage, sid = nvme } = asked;
  const { resolution } = resolve(unit, { sid, ...asked });
  if (resolution.kind === "fault") return resolution.reason;
  if (resolution.kind === "passThrough") return -1;
  const execute = asked.execute === true;
  const outcome =
    resolution.kind === "tables"
      ? walkTables(unit, resolution, page, access).outcome
      : walkFirstStage(unit, resolution.space, page, {
          access,
          execute,
          privileged: resolution.privileged,
        }).outcome;
  if (outcome.kind === "fault") return outcome.reason;
  return outcome.kind === "page" ? outcome.gpa : -2;
}

/** Does something to memory or capabilities. */
export type Spoil = (bytes: Bytes) => void;

/** Puts words from an address on. */
export const putAt =
  (gpa: bigint, ...values: readonly bigint[]): Spoil =>
  (bytes) =>
    bytes.put(gpa, ...values);

/** What a request of PASID 42h is like. */
export interface Shape {
  readonly access?: Access;
  readonly privileged?: boolean;
  readonly execute?: boolean;
  readonly page?: number;
}

/** Walks the first stage of PASID 42h. */
export function walk(bytes: Bytes, { page = firstPage, ...shape }: Shape = {}): FirstWalk {
  const { resolution } = resolve(bytes.unit, { sid: nvme, pasid: 0x42, ...shape });
  if (resolution.kind !== "firstStage") throw new Error(`it is ${resolution.kind}`);
  const { privileged, space } = resolution;
  const request = { access: "read", execute: false, ...shape, privileged } as const;
  return walkFirstStage(bytes.unit, space, page, request);
}
