import type { Guest } from "../projections/guest.ts";
import type { Memory, Page } from "../projections/memory.ts";
import { blankPage, pageAt } from "../projections/memory.ts";
import type { P2m } from "../projections/p2m.ts";
import { readable } from "../projections/p2m.ts";

/**
 * The last lookups in one version of one guest's memory and P2M, by the low bits of the page
 * number. It says nothing that looking again would not: another version makes all of it stale.
 */
const slots = 16_384;
const versions = 4096;
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
  base = version * 2 ** 40;
}

/** The guest page that a walk reads, or `undefined` when the P2M does not let it be read. */
export function tablePage(guest: Guest, gfn: number): Page | undefined {
  if (guest.memory !== memory || guest.p2m !== p2m) begin(guest);
  const slot = gfn & (slots - 1);
  const key = base + gfn;
  if (keys[slot] === key) return pages[slot];
  const page = readable(guest.p2m, gfn) ? (pageAt(guest.memory, gfn) ?? blankPage) : undefined;
  keys[slot] = key;
  pages[slot] = page;
  return page;
}
