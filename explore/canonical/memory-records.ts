import { descriptorType } from "../../events/queue/descriptor-scope.ts";
import { queueGeometry } from "../../machines/queue/queue.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Memory, Page } from "../../tables/memory.ts";
import { half, pageAt, wordIn, wordsIn } from "../../tables/memory.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Digest } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Layout, PageRole } from "./layout.ts";
import type { Names } from "./names.ts";

const words = 512;

/** Calls for each word of a page that is not zero. */
function eachWord(page: Page, visit: (index: number, low: number, high: number) => void): void {
  for (let chunk = 0; chunk < 32; chunk++) {
    if (page[chunk] === undefined) continue;
    for (let index = chunk * 16; index < chunk * 16 + 16; index++) {
      const [low, high] = [half(page, index * 2), half(page, index * 2 + 1)];
      if ((low | high) !== 0) visit(index, low, high);
    }
  }
}

/** A table entry: the page that it names, and its bits. */
function entry(to: Digest, low: number, high: number, names: Names): void {
  to.field(names.gfn(high * 2 ** 20 + (low >>> 12)));
  to.field(low & 0xfff);
}

/** The records of a page whose words are looked at one by one. */
export function pageRecords(
  to: Digest,
  gfn: number,
  page: Page,
  role: PageRole | undefined,
  names: Names,
): void {
  if (role?.holds === "output" || role?.holds === "descriptors") return;
  eachWord(page, (index, low, high) => {
    to.begin(kinds.word);
    to.field(names.gfn(gfn));
    if (role?.holds === "entries") {
      const { first } = role;
      const place = first === undefined ? index : names.iova(first + index) - first;
      to.field(place);
      entry(to, low, high, names);
    } else if (role?.holds === "contexts" && index % 2 === 0) {
      to.field(names.source(index >> 1));
      entry(to, low, high, names);
    } else if (role?.holds === "contexts") {
      to.field(names.source(index >> 1) + words);
      to.field(low & 0xff);
      to.field(names.did((low >>> 8) & 0xffff));
      to.field(high);
    } else {
      to.field(index);
      to.field(low);
      to.field(high);
    }
    to.end();
  });
}

/** A descriptor with its names taken apart. */
function descriptor(to: Digest, value: bigint, names: Names): void {
  const type = descriptorType(value);
  const low = BigInt.asUintN(64, value);
  const did = Number((value >> 16n) & 0xffffn);
  const source = Number((value >> 32n) & 0xffffn);
  const address = Number((value >> 76n) & 0xf_ffff_ffff_ffffn);
  const hasDid = type === 1 || type === 2 || type === 6 || type === 7;
  const hasSource = type === 1 || type === 3;
  to.word(low & ~((hasDid ? 0xffff_0000n : 0n) | (hasSource ? 0xffff_0000_0000n : 0n)));
  to.field(hasDid ? names.did(did) : 0);
  to.field(hasSource ? names.source(source) : 0);
  to.field(type === 2 || type === 3 || type === 6 ? names.iova(address) : address);
  to.field(Number((value >> 64n) & 0xfffn));
}

/** What the queue has still to fetch, from its head on. */
function pendingRecords(to: Digest, guest: Guest, tail: number, names: Names): void {
  const { base, bytes, step } = queueGeometry(guest.queue.address);
  const { head, state } = guest.queue;
  to.begin(kinds.ring);
  const isWild = tail >= bytes || tail % step !== 0;
  const left = isWild || state === "disabled" ? 0 : (tail - head + bytes) % bytes;
  to.field(isWild ? tail : left);
  for (let at = 0; at < left; at += step) {
    const address = base + BigInt((head + at) % bytes);
    const page = pageAt(guest.memory, Number(address >> 12n));
    descriptor(to, wordsIn(page, Number(address & 0xfffn), step / 8), names);
  }
  to.end();
}

/** Everything in the queue's pages, descriptor by descriptor. */
function wholeRing(to: Digest, memory: Memory, layout: Layout, names: Names): void {
  for (const [gfn, { holds }] of layout.pages) {
    const page = pageAt(memory, gfn);
    if (holds !== "descriptors" || page === undefined) continue;
    let last = -1;
    eachWord(page, (index) => {
      const slot = index >> 1;
      if (slot === last) return;
      last = slot;
      to.begin(kinds.slot);
      to.field(names.gfn(gfn));
      to.field(slot);
      descriptor(to, wordsIn(page, slot * 16, 2), names);
      to.end();
    });
  }
}

/** The invalidation queue's memory: all of it, or what it has still to fetch. */
export function ringRecords(
  to: Digest,
  guest: Guest,
  tail: number,
  layout: Layout,
  names: Names,
): void {
  if (layout.rolling) pendingRecords(to, guest, tail, names);
  else wholeRing(to, guest.memory, layout, names);
}

/** What the CPU has written and the unit does not see: in its caches, or in the write buffer. */
export function newerRecords(
  to: Digest,
  which: "ahead" | "buffered",
  newer: Memory["ahead"],
  names: Names,
): void {
  radixForEach(newer, 0, Number.MAX_SAFE_INTEGER, (gfn, { page, dirty }) => {
    for (let index = 0; index < words; index++) {
      const line = index >> 3;
      if ((((dirty[line >> 5] ?? 0) >>> (line & 31)) & 1) === 0) continue;
      to.begin(kinds[which]);
      to.field(names.gfn(gfn));
      to.field(index);
      to.word(wordIn(page, index * 8));
      to.end();
    }
  });
}
