import type { Guest } from "../../projections/guest.ts";
import type { Memory, Page } from "../../tables/memory.ts";
import { blankPage, half, pageAt } from "../../tables/memory.ts";
import type { P2m } from "../../tables/p2m.ts";
import { readable } from "../../tables/p2m.ts";

/**
 * The last lookups in one version of one guest's memory and P2M, by the low bits of the page
 * number. It says nothing that looking again would not: another version makes all of it stale.
 */
const slots = 16_384;
const versions = 4096;
/** Pages that addresses of 52 bits, which are the widest, can name. */
const pagesOfAll = 2 ** 40;
/** The page number, and above its 40 bits the version that it was looked up in (`base`). */
const keys = new Float64Array(slots);
const pages = new Array<Page | undefined>(slots).fill(undefined);
let version = 0;
let base = 0;
let memory: Memory | undefined;
let p2m: P2m | undefined;

function begin(guest: Guest): void {
  memory = guest.memory;
  p2m = guest.p2m;
  version = (version + 1) % versions;
  if (version === 0) {
    keys.fill(0);
    version = 1;
  }
  base = version * pagesOfAll;
}

/** Lookups of a page in one version after which it is copied into one piece, of 4 KiB. */
const fewUses = 12;
const uses = new Uint8Array(slots);
const copies = new Array<Int32Array | undefined>(slots).fill(undefined);

/** The halves of a table entry, signed as `&` gives them. A walk has one and reads into it. */
export interface EntryHalves {
  low: number;
  high: number;
}

/** The GPA in bytes of entry `index` of the table in a guest page. */
export const entryAddress = (gfn: number, index: number): bigint =>
  (BigInt(gfn) << 12n) + BigInt(index * 8);

/** Their 64 bits. */
export const wordOf = ({ low, high }: EntryHalves): bigint =>
  (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

/**
 * Reads entry `index` of the table in a guest page into `entry`. A page that is read again and
 * again is read from a copy in one piece, which takes half the memory to look at.
 *
 * @returns whether the P2M lets it be read.
 */
export function readEntry(guest: Guest, gfn: number, index: number, entry: EntryHalves): boolean {
  if (guest.memory !== memory || guest.p2m !== p2m) begin(guest);
  const slot = gfn & (slots - 1);
  if (keys[slot] === base + gfn) {
    const copy = copies[slot];
    if (copy !== undefined) {
      entry.low = copy[index * 2] as number;
      entry.high = copy[index * 2 + 1] as number;
      return true;
    }
  }
  const page = tablePage(guest, gfn);
  if (page === undefined) return false;
  entry.low = half(page, index * 2) | 0;
  entry.high = half(page, index * 2 + 1) | 0;
  const count = (uses[slot] as number) + 1;
  uses[slot] = count;
  if (count === fewUses)
    copies[slot] = Int32Array.from({ length: 1024 }, (_, at) => half(page, at));
  return true;
}

/**
 * The guest page that a walk reads, or `undefined` when the P2M does not let it be read. A root
 * pointer may name pages beyond all widths: nothing is there.
 */
export function tablePage(guest: Guest, gfn: number): Page | undefined {
  if (gfn >= pagesOfAll) return undefined;
  if (guest.memory !== memory || guest.p2m !== p2m) begin(guest);
  const slot = gfn & (slots - 1);
  const key = base + gfn;
  if (keys[slot] === key) return pages[slot];
  const page = readable(guest.p2m, gfn) ? (pageAt(guest.memory, gfn) ?? blankPage) : undefined;
  keys[slot] = key;
  pages[slot] = page;
  uses[slot] = 0;
  copies[slot] = undefined;
  return page;
}
