import { reason } from "../events/fault-reason.ts";
import { secondStageReserved } from "../events/second-stage-entry.ts";
import type { Profile } from "../events/profile.ts";
import type { Guest } from "../projections/guest.ts";
import { half, pageAt } from "../projections/memory.ts";
import { readable } from "../projections/p2m.ts";

/** An entry of the walk as it was read. */
export interface WalkStep {
  readonly level: number;
  /** GPA of the entry in bytes, and its 64 bits; `undefined` when the table cannot be read. */
  readonly address: bigint;
  readonly entry: bigint | undefined;
}

/** Where a walk ended: a guest page and the pages of 4 KiB of its leaf, or the reason of the check that failed. */
export type Walked =
  | { readonly gfn: number; readonly pages: number; readonly fault: 0 }
  | { readonly gfn: 0; readonly pages: 0; readonly fault: number };

const failed = (fault: number): Walked => ({ gfn: 0, pages: 0, fault });

/** Reserved bits of the entries that a walk meets: index 2 * level + (PS ? 1 : 0), two halves each. */
const reservedOf = new WeakMap<Profile, Float64Array>();

function reservedHalves(profile: Profile): Float64Array {
  const known = reservedOf.get(profile);
  if (known !== undefined) return known;
  const halves = new Float64Array(24);
  for (let level = 1; level <= 5; level++) {
    for (const large of [0, 1]) {
      const mask = secondStageReserved(profile, level, large === 1);
      halves[(level * 2 + large) * 2] = Number(BigInt.asUintN(32, mask));
      halves[(level * 2 + large) * 2 + 1] = Number(mask >> 32n);
    }
  }
  reservedOf.set(profile, halves);
  return halves;
}

const interruptFirst = 0xfee00;
const interruptLast = 0xfeeff;

const stepOf = (gfn: number, index: number, level: number, entry: bigint | undefined): WalkStep => ({
  level,
  address: (BigInt(gfn) << 12n) + BigInt(index * 8),
  entry,
});

/** The pages of 4 KiB of a leaf's mapping; around the interrupt range it counts as smaller ones. */
function leafPages(gfn: number, level: number): number {
  if (level === 1 || (gfn >= interruptFirst && gfn < 0xff000)) return 1;
  return level === 3 && (gfn < 0xc0000 || gfn >= 0x100000) ? 262_144 : 512;
}

/**
 * Walks the guest's second-stage tables for one access, uncached, through the P2M.
 *
 * Order of checks at each level: the table can be read (3h at the top, 7h below), the permission (6h, 5h), reserved bits
 * (Ch); at the end the interrupt range (Eh).
 *
 * @param root   guest page of the top table.
 * @param page   IOVA page number, within the tables' width.
 * @param step   told of each entry read.
 */
export function walkTables(
  guest: Guest,
  root: number,
  levels: number,
  page: number,
  write: boolean,
  step?: (step: WalkStep) => void,
): Walked {
  const { p2m, memory, profile } = guest;
  const masks = reservedHalves(profile);
  const wanted = write ? 2 : 1;
  let table = root;
  let rest = page;
  for (let level = levels; level > 0; level--) {
    const span = 512 ** (level - 1);
    const index = Math.floor(rest / span);
    rest -= index * span;
    if (!readable(p2m, table)) {
      step?.(stepOf(table, index, level, undefined));
      return failed(level === levels ? reason.contextInvalid : reason.tableAccess);
    }
    const bytes = pageAt(memory, table);
    const low = half(bytes, index * 2);
    const high = half(bytes, index * 2 + 1);
    step?.(stepOf(table, index, level, (BigInt(high) << 32n) | BigInt(low)));
    if ((low & wanted) === 0) return failed(write ? reason.writeDenied : reason.readDenied);
    const large = (low >>> 7) & 1;
    const mask = (level * 2 + large) * 2;
    if ((low & (masks[mask] as number)) !== 0 || (high & (masks[mask + 1] as number)) !== 0) {
      return failed(reason.tableReserved);
    }
    const frame = (low >>> 12) + (high & 0xfffff) * 0x100000;
    if (level === 1 || large === 1) {
      const gfn = frame + rest;
      if (gfn >= interruptFirst && gfn <= interruptLast) return failed(reason.interruptRange);
      return { gfn, pages: leafPages(gfn, level), fault: 0 };
    }
    table = frame;
  }
  return failed(reason.tableAccess);
}
