import type { Access, PageSize } from "../../events/input.ts";
import { onceFor } from "./masks.ts";
import { placeOf } from "./view.ts";
import { bit, isInterruptPage, ones } from "./word.ts";

/**
 * What a walk needs of one vIOMMU: its capability words, its latched root pointer, its view of
 * guest memory.
 */
export interface Unit {
  readonly cap: bigint;
  readonly ecap: bigint;
  /** Host address width in bits. */
  readonly haw: number;
  /** RTADDR as last latched. */
  readonly root: bigint;
  /** The word at a place: an 8-byte aligned GPA, or `undefined` where it cannot be read. */
  readonly read64: (at: bigint) => bigint | undefined;
  /** Whether the unit can write there. */
  readonly canWrite: (gpa: bigint) => boolean;
}

/** One word that a walk read. */
export type Word = readonly [gpa: bigint, value: bigint | undefined];

/** What root and context entry say of a source-id. Tables have 3 to 5 levels. */
export type Context =
  | { readonly kind: "fault"; readonly reason: number; readonly fpd: boolean }
  | { readonly kind: "passThrough"; readonly did: number; readonly fpd: boolean }
  | {
      readonly kind: "tables";
      readonly did: number;
      readonly fpd: boolean;
      readonly root: bigint;
      readonly levels: number;
    };

/** The guest's answer for one access to one page. `gpa` is that of the page's first byte. */
export type TableAnswer =
  | { readonly kind: "page"; readonly gpa: bigint; readonly size: PageSize }
  | { readonly kind: "fault"; readonly reason: number }
  | { readonly kind: "interrupt" };

/** Both outcomes of one page of some tables. */
export interface PageValue {
  readonly read: TableAnswer;
  readonly write: TableAnswer;
}

const fault = (reason: number): TableAnswer => ({ kind: "fault", reason });

/** CAP[21:16] + 1. */
const guestWidth = (unit: Unit): number => Number((unit.cap >> 16n) & 0x3fn) + 1;

export const sameWord = (a: Word | undefined, b: Word | undefined): boolean =>
  a?.[0] === b?.[0] && a?.[1] === b?.[1];

/** Whether two walks read the same words in the same places. */
export const sameWords = (was: readonly Word[], now: readonly Word[]): boolean =>
  was.length === now.length && was.every((word, at) => sameWord(word, now[at]));

/** Reads words in order, and remembers what it read. */
export function reader(unit: Unit): { words: Word[]; take: (gpa: bigint) => bigint | undefined } {
  const words: Word[] = [];
  const take = (gpa: bigint): bigint | undefined => {
    const value = unit.read64(gpa);
    words.push([gpa, value]);
    return value;
  };
  return { words, take };
}

/** Reads root and context entry of a source-id. The words are those that it read, in order. */
export function readContext(unit: Unit, sid: number): { context: Context; words: Word[] } {
  const { words, take } = reader(unit);
  const stop = (reason: number, fpd = false) => ({
    context: { kind: "fault", reason, fpd } as const,
    words,
  });
  const rootAt = (unit.root & ~0xfffn) + BigInt(sid >> 8) * 16n;
  const [rootLow, rootHigh] = [take(rootAt), take(rootAt + 8n)];
  if (rootLow === undefined || rootHigh === undefined) return stop(0x8);
  if (!bit(rootLow, 0)) return stop(0x1);
  if ((rootLow & (ones(11, 1) | ones(63, unit.haw))) !== 0n || rootHigh !== 0n) return stop(0xa);

  const entryAt = (rootLow & ~0xfffn) + BigInt(sid & 0xff) * 16n;
  const [low, high] = [take(entryAt), take(entryAt + 8n)];
  if (low === undefined || high === undefined) return stop(0x9);
  const fpd = bit(low, 1);
  if (!bit(low, 0)) return stop(0x2, fpd);
  // Reading: the table's pointer may not reach beyond the host address width, as in a root entry.
  if ((low & (ones(11, 4) | ones(63, unit.haw))) !== 0n) return stop(0xb, fpd);
  if ((high & (0xffffffffff000080n | (domainBeyond(unit.cap) << 8n))) !== 0n) return stop(0xb, fpd);
  return { context: readEntry(unit, low, high, fpd), words };
}

/** The bits of a domain-id that a unit has not: CAP.ND counts 4 bits and two for each step. */
export const domainBeyond = (cap: bigint): bigint => ones(15, 4 + 2 * Number(cap & 7n));

/** What a present context entry without reserved bits says. */
function readEntry(unit: Unit, low: bigint, high: bigint, fpd: boolean): Context {
  const aw = Number(high & 7n);
  const tt = Number((low >> 2n) & 3n);
  const did = Number((high >> 8n) & 0xffffn);
  const invalid = { kind: "fault", reason: 0x3, fpd } as const;
  if (aw < 1 || aw > 3 || !bit(unit.cap, 8 + aw)) return invalid;
  if (tt === 3 || (tt === 1 && !bit(unit.ecap, 2))) return invalid;
  if (tt !== 2) return { kind: "tables", did, fpd, root: low & ~0xfffn, levels: aw + 2 };
  // Reading: pass-through takes any supported width, not the largest alone.
  return bit(unit.ecap, 6) ? { kind: "passThrough", did, fpd } : invalid;
}

/** What an access becomes where nothing translates it; `limited` when the HAW still bounds it. */
export function readThrough(
  unit: Unit,
  page: number,
  access: Access,
  limited: boolean,
): TableAnswer {
  if (access === "write" && isInterruptPage(page)) return { kind: "interrupt" };
  const gpa = BigInt(page) << 12n;
  if (limited && gpa >> BigInt(unit.haw) !== 0n) return fault(0x4);
  return { kind: "page", gpa, size: "1G" };
}

/**
 * Reserved bits of a second-stage entry. Bits 61:52 and 63 are ignored.
 */
const reservedBits = (unit: Unit, level: number, leaf: boolean): bigint =>
  onceFor(unit, (leaf ? leaves : tables)[level] ?? "", () => reservedAt(unit, level, leaf));

const leaves = Array.from({ length: 6 }, (_, level) => `leaf ${level}`);
const tables = Array.from({ length: 6 }, (_, level) => `table ${level}`);

function reservedAt(unit: Unit, level: number, leaf: boolean): bigint {
  // TM: of version 2.x a field of leaves, where there are device TLBs.
  const hasTm = bit(unit.ecap, 24) && bit(unit.ecap, 2) && (leaf || level === 1);
  let mask = (hasTm ? 0n : 1n << 62n) | ones(51, unit.haw);
  if (!bit(unit.ecap, 7) || !(leaf || level === 1)) mask |= 1n << 11n;
  if (level >= 4) mask |= 1n << 7n;
  if (level === 3 && !bit(unit.cap, 35)) mask |= 1n << 7n;
  if (level === 2 && !bit(unit.cap, 34)) mask |= 1n << 7n;
  if (level === 3 && leaf) mask |= ones(29, 12);
  if (level === 2 && leaf) mask |= ones(20, 12);
  return mask;
}

/**
 * The size that counts for a page of a leaf: blocks with interrupt addresses in them fall into
 * their pages.
 */
export function leafSize(level: number, gpaPage: number): PageSize {
  if (level === 1 || Math.floor(gpaPage / 512) === 0xfee00 / 512) return "4K";
  const touches = Math.floor(gpaPage / 262_144) === Math.floor(0xfee00 / 262_144);
  return level === 2 || touches ? "2M" : "1G";
}

/**
 * Walks second-stage tables for one access to one page. A write to the interrupt range is one like
 * any other here. Reasons are those of legacy mode.
 *
 * @param page  IOVA divided by 4096.
 * @returns the outcome, the words that were read from the top down, and whether the last of them is
 * a leaf.
 */
export function walkTables(
  unit: Unit,
  tables: { readonly root: bigint; readonly levels: number; readonly snoops?: boolean },
  page: number,
  access: Access,
): { outcome: TableAnswer; words: Word[]; leaf: boolean } {
  const words: Word[] = [];
  const end = (outcome: TableAnswer, leaf = false) => ({ outcome, words, leaf });
  const width = Math.min(guestWidth(unit), 12 + 9 * tables.levels);
  const iova = BigInt(page) << 12n;
  if (iova >> BigInt(width) !== 0n) return end(fault(0x4));

  let table = tables.root;
  for (let level = tables.levels; ; level--) {
    const shift = BigInt(3 + 9 * level);
    const at = placeOf(unit, tables.snoops, table + ((iova >> shift) & 511n) * 8n);
    const entry = unit.read64(at);
    words.push([at, entry]);
    if (entry === undefined) return end(fault(level === tables.levels ? 0x3 : 0x7));
    const leaf = level === 1 || ((level === 2 || level === 3) && bit(entry, 7));
    if (!bit(entry, access === "read" ? 0 : 1)) {
      return end(fault(access === "read" ? 0x6 : 0x5), leaf);
    }
    if ((entry & reservedBits(unit, level, leaf)) !== 0n) return end(fault(0xc), leaf);
    table = entry & ones(51, 12);
    if (!leaf) continue;
    const gpa = table | (iova & ((1n << shift) - 1n));
    const gpaPage = Number(gpa >> 12n);
    if (isInterruptPage(gpaPage)) return end(fault(0xe), true);
    return end({ kind: "page", gpa, size: leafSize(level, gpaPage) }, true);
  }
}
