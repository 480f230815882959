import type { PageSize } from "../../../events/input.ts";
import { bit, bits, isInterruptPage, ones } from "../word.ts";
import type { ExtendedUnit } from "./unit.ts";

/** What a page is asked for. */
export interface Wanted {
  readonly read: boolean;
  readonly write: boolean;
  /** The entries' X counts: a fetch under nesting, with SLEE. */
  readonly execute: boolean;
}

/** Where a walk ends. `gpa` is that of the byte that was asked for. */
export type WalkEnd =
  | { readonly kind: "page"; readonly gpa: bigint; readonly size: PageSize }
  | { readonly kind: "fault"; readonly reason: number };

export const fault = (reason: number): WalkEnd => ({ kind: "fault", reason });

/** A root of tables, and how many levels there are. */
export interface Root {
  readonly root: bigint;
  readonly levels: number;
}

/**
 * Walks second-level tables for one address.
 *
 * Reading: at each level the missing right counts before reserved bits; an entry with neither R nor
 * W is not present, whose reserved bits are not looked at.
 */
export function walkSecond(
  unit: ExtendedUnit,
  root: Root,
  address: bigint,
  wanted: Wanted,
): WalkEnd {
  const width = Math.min(bits(unit.cap, 21, 16) + 1, 12 + 9 * root.levels);
  if (address >> BigInt(width) !== 0n) return fault(0x4);
  let table = root.root;
  for (let level = root.levels; ; level--) {
    const shift = BigInt(3 + 9 * level);
    const entry = unit.read64(table + ((address >> shift) & 511n) * 8n);
    if (entry === undefined) return fault(level === root.levels ? 0x3 : 0x7);
    const missing = missingRight(entry, wanted);
    if (missing !== undefined) return fault(missing);
    const leaf = level === 1 || (level <= 3 && bit(entry, 7));
    if ((entry & reservedBits(unit, level, leaf)) !== 0n) return fault(0xc);
    table = entry & ones(51, 12);
    if (leaf) return result(level, table | (address & ((1n << shift) - 1n)));
  }
}

function missingRight(entry: bigint, { read, write, execute }: Wanted): number | undefined {
  if (read && !bit(entry, 0)) return 0x6;
  if (write && !bit(entry, 1)) return 0x5;
  return execute && !bit(entry, 2) ? 0x1d : undefined;
}

/**
 * Reserved bits of an entry.
 *
 * Reading: bit 62 (TM) was a field of leaves on units with device TLBs until 3.2.
 */
function reservedBits({ cap, ecap, haw }: ExtendedUnit, level: number, leaf: boolean): bigint {
  let mask = ones(51, haw);
  if (!leaf || !bit(ecap, 7)) mask |= 1n << 11n;
  if (!leaf || !bit(ecap, 2)) mask |= 1n << 62n;
  if (level > 3) mask |= 1n << 7n;
  if (level === 3 && !bit(cap, 35)) mask |= 1n << 7n;
  if (level === 2 && !bit(cap, 34)) mask |= 1n << 7n;
  if (leaf) mask |= ones(2 + 9 * level, 12);
  return mask;
}

/** Reading: a result in the interrupt range faults (Eh) as in legacy mode, with PASID too. */
export function result(level: number, gpa: bigint): WalkEnd {
  const page = Number(gpa >> 12n);
  return isInterruptPage(page) ? fault(0xe) : { kind: "page", gpa, size: sizeAt(level, page) };
}

/** The largest block around a page that its leaf maps and that has no interrupt address in it. */
function sizeAt(level: number, page: number): PageSize {
  const meets = (pages: number): boolean =>
    Math.floor(page / pages) === Math.floor(0xfee00 / pages);
  if (level >= 3 && !meets(2 ** 18)) return "1G";
  return level >= 2 && !meets(2 ** 9) ? "2M" : "4K";
}

const order: readonly PageSize[] = ["4K", "2M", "1G"];

/** The smaller of two sizes. */
export const smallerSize = (a: PageSize, b: PageSize): PageSize =>
  order.indexOf(a) < order.indexOf(b) ? a : b;
