/*
 * Guest memory as the unit reads and writes it, through the P2M, and what is kept at hand of what
 * reading asks again and again: pages, and what entries mean for a unit.
 */

import type { Gpa } from "../../events/address.ts";
import { pageOf } from "../../events/address.ts";
import type { Profile } from "../../events/profile/profile.ts";
import type { Guest } from "../../projections/guest.ts";
import { asTablesSeeIt, asWalksSeeIt } from "../../projections/memory/sight.ts";
import type { P2m } from "../../tables/mapping.ts";
import { readable, writable } from "../../tables/mapping.ts";
import type { Memory, Page } from "../../tables/memory.ts";
import { blankPage, half, pageAt } from "../../tables/memory.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";

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

/** Memory as whoever reads it sees it (`projections/memory/sight.ts`). */
export type Seen = Pick<Guest, "memory" | "p2m">;

/** A guest as reads of root, context, PASID and interrupt entries see it. */
export const asTablesSee = (guest: Guest): Seen =>
  guest.profile.splitSight ? { memory: asTablesSeeIt(guest, guest.memory), p2m: guest.p2m } : guest;

/** A guest as walks of paging structures see it. */
export const asWalksSee = (guest: Guest): Seen =>
  guest.profile.splitSight ? { memory: asWalksSeeIt(guest, guest.memory), p2m: guest.p2m } : guest;

function begin(guest: Seen): void {
  memory = guest.memory;
  p2m = guest.p2m;
  version = (version + 1) % versions;
  if (version === 0) {
    keys.fill(0);
    copied.fill(0);
    version = 1;
  }
  base = version * pagesOfAll;
}

/** Lookups of a page in one version after which it is copied into one piece, of 4 KiB. */
const fewUses = 12;
const uses = new Uint8Array(slots);
/** The key of the page whose copy a slot has: a copy of another version is none. */
const copied = new Float64Array(slots);

/** The copies of 1,024 slots each, side by side: an array for each would be two more to look at. */
const shelfBits = 10;
const halvesBits = 10;
const halvesEach = 1024;
const shelfMask = 1023;
const shelves: Int32Array[] = Array.from({ length: slots >> shelfBits }, () => new Int32Array(0));

/** Where a slot's copy begins in its shelf. */
const placeOf = (slot: number): number => (slot & shelfMask) << halvesBits;

function copyPage(slot: number, page: Page): void {
  const row = slot >> shelfBits;
  if (shelves[row]?.length === 0) shelves[row] = new Int32Array(halvesEach << shelfBits);
  const shelf = shelves[row] as Int32Array;
  const at = placeOf(slot);
  for (let index = 0; index < halvesEach; index++) shelf[at + index] = half(page, index);
  copied[slot] = keys[slot] as number;
}

/** The halves of a table entry, signed as `&` gives them. */
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
 * again is read from a copy in one piece: three looks into memory instead of five.
 *
 * @returns whether the P2M lets it be read.
 */
export function readEntry(guest: Seen, gfn: number, index: number, entry: EntryHalves): boolean {
  const slot = gfn & (slots - 1);
  if (guest.memory !== memory || guest.p2m !== p2m || copied[slot] !== base + gfn) {
    return readUncopied(guest, gfn, index, entry);
  }
  const shelf = shelves[slot >> shelfBits] as Int32Array;
  const at = placeOf(slot) + index * 2;
  entry.low = shelf[at] as number;
  entry.high = shelf[at + 1] as number;
  return true;
}

/** The same from the page as memory has it, which is copied once it was read often enough. */
function readUncopied(guest: Seen, gfn: number, index: number, entry: EntryHalves): boolean {
  const page = tablePage(guest, gfn);
  if (page === undefined) return false;
  entry.low = half(page, index * 2) | 0;
  entry.high = half(page, index * 2 + 1) | 0;
  const slot = gfn & (slots - 1);
  const count = (uses[slot] as number) + 1;
  uses[slot] = count;
  if (count === fewUses) copyPage(slot, page);
  return true;
}

/**
 * The guest page that a walk reads, or `undefined` when the P2M does not let it be read. A root
 * pointer may name pages beyond all widths: nothing is there.
 */
export function tablePage(guest: Seen, gfn: number): Page | undefined {
  if (gfn >= pagesOfAll) return undefined;
  if (guest.memory !== memory || guest.p2m !== p2m) begin(guest);
  const slot = gfn & (slots - 1);
  const key = base + gfn;
  if (keys[slot] === key) return pages[slot];
  const page = readable(guest.p2m, gfn) ? (pageAt(guest.memory, gfn) ?? blankPage) : undefined;
  keys[slot] = key;
  pages[slot] = page;
  uses[slot] = 0;
  return page;
}

/**
 * A function of a unit's capabilities that is computed once for each unit. The last answer is at
 * hand at once, since most questions in a row are about one unit.
 */
export function perProfile<T>(make: (profile: Profile) => T): (profile: Profile) => T {
  const known = new WeakMap<Profile, { readonly value: T }>();
  let last: { readonly profile: Profile; readonly value: T } | undefined;
  return (profile) => {
    if (last?.profile === profile) return last.value;
    const value = known.get(profile)?.value ?? make(profile);
    known.set(profile, { value });
    last = { profile, value };
    return value;
  };
}

/** The unit writes to guest memory within a page; where the P2M takes no write it is lost. */
export function writePosted(turn: Turn, gpa: Gpa, bytes: Uint8Array): void {
  const { p2m } = guestIn(turn);
  const gfn = pageOf(gpa);
  if (writable(p2m, gfn)) {
    record(turn, { type: "MemoryWritten", gpa, bytes });
    return;
  }
  const why = readable(p2m, gfn) ? "readOnly" : "hole";
  record(turn, { type: "MemoryWriteDropped", gpa, length: BigInt(bytes.length), why });
}
