// Length: a page, and the three places where the newest of its bytes may be.

import type { Radix } from "./radix.ts";
import { emptyRadix, radixGet, radixSet } from "./radix.ts";

/** 128 bytes of memory as 32 halves of a word, least significant first, each below 2^32. */
type Chunk = readonly number[];
/** 4 KiB of memory as 32 chunks; a missing one is all zeros. */
export type Page = readonly (Chunk | undefined)[];

/** A half's number among those of all memory: `mask` leaves that in its page, `bits` lie below. */
export const pageHalves = { bits: 10, mask: 1023 } as const;

/** A page that holds something newer than what the IOMMU sees. */
interface Newer {
  readonly page: Page;
  /** Bit n: line n of 64 bytes is newer here. Two words of 32 lines each. */
  readonly dirty: readonly [number, number];
}

/**
 * Guest memory, by guest page number. `visible` is what the IOMMU and devices read. `ahead` is as
 * the CPU sees it, where it wrote and did not flush, and page walks are not coherent (ECAP.C=0);
 * `buffered` is what has left the CPU, and waits in the write buffer (CAP.RWBF). Contents belong to
 * the guest's page, wherever the P2M puts it.
 */
export interface Memory {
  readonly visible: Radix<Page>;
  readonly buffered: Radix<Newer>;
  readonly ahead: Radix<Newer>;
}

export const emptyMemory: Memory = {
  visible: emptyRadix(),
  buffered: emptyRadix(),
  ahead: emptyRadix(),
};

/** A page of zeros. */
export const blankPage: Page = new Array<Chunk | undefined>(32).fill(undefined);
const zeroChunk: Chunk = new Array<number>(32).fill(0);

/** The page at `gfn`, or `undefined` when it is all zeros. */
export const pageAt = (memory: Memory, gfn: number): Page | undefined =>
  radixGet(memory.visible, gfn);

/**
 * The page at `gfn` as the CPU sees it, which is what a locked update of it finds too; `undefined`
 * when it is all zeros.
 */
export const pageAsWritten = (memory: Memory, gfn: number): Page | undefined =>
  radixGet(memory.ahead, gfn)?.page ?? pageOnItsWay(memory, gfn);

/** The page at `gfn` once the write buffer is flushed; `undefined` when it is all zeros. */
export const pageOnItsWay = (memory: Memory, gfn: number): Page | undefined =>
  radixGet(memory.buffered, gfn)?.page ?? pageAt(memory, gfn);

/** The 32 bits at half `index` (0 to 1023) of a page. */
export function half(page: Page | undefined, index: number): number {
  const chunk = page?.[index >> 5];
  return chunk === undefined ? 0 : (chunk[index & 31] as number);
}

/** Where two halves become a word; whoever reads it fills it first. */
const joined = new DataView(new ArrayBuffer(8));

/** The 64-bit word at `offset` bytes (a multiple of 8) of a page. */
export function wordIn(page: Page | undefined, offset: number): bigint {
  const index = offset >> 2;
  joined.setUint32(0, half(page, index), true);
  joined.setUint32(4, half(page, index + 1), true);
  return joined.getBigUint64(0, true);
}

/** `count` words of 64 bits, at least one, from `offset` bytes on, the first the lowest. */
export function wordsIn(page: Page | undefined, offset: number, count: number): bigint {
  let words = wordIn(page, offset);
  for (let word = 1; word < count; word++) {
    words |= wordIn(page, offset + word * 8) << BigInt(word * 64);
  }
  return words;
}

/** The byte at `offset` of a page. */
export const byteIn = (page: Page | undefined, offset: number): number =>
  (half(page, offset >> 2) >>> ((offset & 3) * 8)) & 0xff;

/** Bytes on their way into one page: `bytes[from, to)`, which do not pass its end. */
export interface Piece {
  readonly gfn: number;
  /** Where in the page: 0 to 4095. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** The page with a piece written. */
function writePage(page: Page, { offset, bytes, from, to }: Piece): Page {
  const next = page.slice();
  const end = offset + to - from;
  for (let index = offset >> 7; index * 128 < end; index++) {
    const chunk = (page[index] ?? zeroChunk).slice();
    const [start, stop] = [Math.max(offset, index * 128), Math.min(end, index * 128 + 128)];
    writeChunk(chunk, start, stop, bytes, from - offset);
    next[index] = chunk;
  }
  return next;
}

/** Writes bytes `[start, stop)` of a page, which lie in one chunk: `bytes[position + shift]`. */
function writeChunk(
  chunk: number[],
  start: number,
  stop: number,
  bytes: Uint8Array,
  shift: number,
): void {
  for (let at = start & ~3; at < stop; at += 4) {
    const index = (at >> 2) & 31;
    let value = chunk[index] as number;
    for (let lane = 0; lane < 4; lane++) {
      const position = at + lane;
      if (position < start || position >= stop) continue;
      const byte = bytes[position + shift] as number;
      value = (value & ~(0xff << (lane * 8))) | (byte << (lane * 8));
    }
    chunk[index] = value >>> 0;
  }
}

const pageBytes = 4096;

/**
 * A write that the IOMMU sees at once: a device's, the vIOMMU's own, or the CPU's where walks are
 * coherent and nothing is buffered. Whatever is newer takes it in.
 */
export function writeVisible(memory: Memory, piece: Piece): Memory {
  const { gfn } = piece;
  const page = radixGet(memory.visible, gfn) ?? blankPage;
  const visible = radixSet(memory.visible, gfn, writePage(page, piece));
  const buffered = snooped(memory.buffered, piece);
  return { visible, buffered, ahead: snooped(memory.ahead, piece) };
}

/** The newer pages with a piece written to that which holds its bytes, if there is one. */
function snooped(newer: Radix<Newer>, piece: Piece): Radix<Newer> {
  const old = newer.size === 0 ? undefined : radixGet(newer, piece.gfn);
  if (old === undefined) return newer;
  return radixSet(newer, piece.gfn, { ...old, page: writePage(old.page, piece) });
}

/** The dirty lines `[first, last]` added to or taken from a mask. */
function lines(
  mask: readonly [number, number],
  first: number,
  last: number,
  set: boolean,
): readonly [number, number] {
  let [low, high] = mask;
  for (let line = first; line <= last; line++) {
    const bit = 1 << (line & 31);
    if (line < 32) low = set ? low | bit : low & ~bit;
    else high = set ? high | bit : high & ~bit;
  }
  return [low >>> 0, high >>> 0];
}

/** The newer pages with a piece written over what `below` has there; its lines are newer now. */
function withPiece(newer: Radix<Newer>, piece: Piece, below: Page | undefined): Radix<Newer> {
  const { gfn, offset, from, to } = piece;
  const old = radixGet(newer, gfn);
  const page = old?.page ?? below ?? blankPage;
  const last = offset + to - from - 1;
  const dirty = lines(old?.dirty ?? [0, 0], offset >> 6, last >> 6, true);
  return radixSet(newer, gfn, { page: writePage(page, piece), dirty });
}

/** A CPU's write that stays in its caches until it is flushed. */
export const writeAhead = (memory: Memory, piece: Piece): Memory => ({
  ...memory,
  ahead: withPiece(memory.ahead, piece, pageOnItsWay(memory, piece.gfn)),
});

/** A CPU's write that is not in its caches, and stays in the write buffer. */
export const writeBuffered = (memory: Memory, piece: Piece): Memory => ({
  ...memory,
  buffered: withPiece(memory.buffered, piece, pageAt(memory, piece.gfn)),
});

const isNewer = ({ dirty }: Newer, line: number): boolean =>
  (((dirty[line >> 5] as number) >>> (line & 31)) & 1) === 1;

/** A page with the lines `[first, last]` of a newer one, where they are newer. */
function withLines(old: Page | undefined, newer: Newer, first: number, last: number): Page {
  const page = (old ?? blankPage).slice();
  for (let line = first; line <= last; line++) {
    if (!isNewer(newer, line)) continue;
    const chunk = (page[line >> 1] ?? zeroChunk).slice();
    for (let index = (line & 1) * 16; index < (line & 1) * 16 + 16; index++) {
      chunk[index] = half(newer.page, (line >> 1) * 32 + index);
    }
    page[line >> 1] = chunk;
  }
  return page;
}

/** The newer pages without the lines `[first, last]` of one; a page without such lines goes. */
function withoutLines(
  newer: Radix<Newer>,
  gfn: number,
  old: Newer,
  first: number,
  last: number,
): Radix<Newer> {
  const dirty = lines(old.dirty, first, last, false);
  const clean = dirty[0] === 0 && dirty[1] === 0;
  return radixSet(newer, gfn, clean ? undefined : { ...old, dirty });
}

const lastLine = pageBytes / 64 - 1;

/**
 * Writes back the lines that `[offset, end)` of a page touches, if the CPU holds newer ones: into
 * the write buffer where there is one, else for the IOMMU to see.
 */
export function flushLines(
  memory: Memory,
  gfn: number,
  offset: number,
  end: number,
  isBuffered: boolean,
): Memory {
  const held = radixGet(memory.ahead, gfn);
  if (held === undefined || offset >= end) return memory;
  const [first, last] = [offset >> 6, (Math.min(end, pageBytes) - 1) >> 6];
  let dirty = radixGet(memory.buffered, gfn)?.dirty ?? ([0, 0] as const);
  const ahead = withoutLines(memory.ahead, gfn, held, first, last);
  if (!isBuffered) {
    const page = withLines(radixGet(memory.visible, gfn), held, first, last);
    return { ...memory, visible: radixSet<Page>(memory.visible, gfn, page), ahead };
  }
  for (let line = first; line <= last; line++) {
    if (isNewer(held, line)) dirty = lines(dirty, line, line, true);
  }
  if (dirty[0] === 0 && dirty[1] === 0) return memory;
  const page = withLines(pageOnItsWay(memory, gfn), held, first, last);
  const buffered = radixSet<Newer>(memory.buffered, gfn, { page, dirty });
  return { ...memory, buffered, ahead };
}

/** Makes what the write buffer holds of a page visible. */
export function drainPage(memory: Memory, gfn: number): Memory {
  const held = radixGet(memory.buffered, gfn);
  if (held === undefined) return memory;
  const page = withLines(radixGet(memory.visible, gfn), held, 0, lastLine);
  const buffered = radixSet<Newer>(memory.buffered, gfn, undefined);
  return { ...memory, visible: radixSet<Page>(memory.visible, gfn, page), buffered };
}

/**
 * Memory in which the IOMMU sees one line of 64 bytes as the CPU wrote it: the cache may have
 * evicted it, and the write buffer may have emptied itself, at any time.
 *
 * @param offset  of a byte of the line in its page.
 */
export function lineSeen(memory: Memory, gfn: number, offset: number): Memory {
  const line = offset >> 6;
  let { visible, buffered, ahead } = memory;
  const see = (held: Newer): void => {
    if (!isNewer(held, line)) return;
    visible = radixSet<Page>(visible, gfn, withLines(radixGet(visible, gfn), held, line, line));
  };
  const [inBuffer, inCache] = [radixGet(buffered, gfn), radixGet(ahead, gfn)];
  if (inBuffer !== undefined) {
    see(inBuffer);
    buffered = withoutLines(buffered, gfn, inBuffer, line, line);
  }
  if (inCache !== undefined) {
    see(inCache);
    ahead = withoutLines(ahead, gfn, inCache, line, line);
  }
  return { visible, buffered, ahead };
}

/** Memory without the contents of a page. */
export const dropPage = (memory: Memory, gfn: number): Memory => ({
  visible: radixSet<Page>(memory.visible, gfn, undefined),
  buffered: radixSet<Newer>(memory.buffered, gfn, undefined),
  ahead: radixSet<Newer>(memory.ahead, gfn, undefined),
});
