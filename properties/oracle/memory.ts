import type { LateWords } from "./late-words.ts";
import { isWritten, settle } from "./late-words.ts";
import type { P2m } from "./p2m.ts";
import { grantOf } from "./p2m.ts";

/**
 * One guest's memory by GPA: what its CPUs have written, and what the IOMMU sees of that. A page
 * that nobody wrote holds zeros. On its way from the one to the other a CPU's write may wait in two
 * places, in this order: in the CPU's caches where the IOMMU's table reads do not snoop (ECAP.C=0),
 * until its line is written back; and in the write buffer of the root complex (CAP.RWBF=1), until
 * that is flushed. The IOMMU is the worst that is allowed: it sees what waits only when it must.
 */
export interface Memory {
  readonly p2m: P2m;
  coherent: boolean;
  buffered: boolean;
  readonly written: Map<number, Uint8Array>;
  /** Pages with lines in the write buffer, and which lines. */
  readonly posted: Map<number, Posted>;
  readonly seen: Map<number, Uint8Array>;
  /** What may be seen already of what waits. */
  readonly late: LateWords;
  /** While somebody asks what else might be seen: a word, where it is not as `seen` has it. */
  sight: ((at: bigint, seen: bigint) => bigint) | undefined;
  /** How often what the IOMMU sees may have changed, the P2M aside. */
  changes: number;
}

type View = Map<number, Uint8Array>;

const lineBytes = 64n;

/** A page as it will be once the write buffer is flushed, and its lines of 64 bytes that wait. */
interface Posted {
  readonly page: Uint8Array;
  readonly lines: Set<number>;
}

/** A unit's words as they bear on what it sees: ECAP.C, and CAP.RWBF. */
export const sightOf = ({ cap, ecap }: { readonly cap: bigint; readonly ecap: bigint }) => ({
  coherent: (ecap & 1n) === 1n,
  buffered: ((cap >> 4n) & 1n) === 1n,
});

export const newMemory = (p2m: P2m, sight: ReturnType<typeof sightOf>): Memory => ({
  p2m,
  ...sight,
  ...{ written: new Map(), posted: new Map(), seen: new Map(), late: new Map() },
  sight: undefined,
  changes: 0,
});

const frameOf = (gpa: bigint): number => Number(gpa >> 12n);
const offsetOf = (gpa: bigint): number => Number(gpa & 0xfffn);

function pageOf(view: View, gfn: number): Uint8Array {
  const known = view.get(gfn);
  if (known !== undefined) return known;
  const page = new Uint8Array(4096);
  view.set(gfn, page);
  return page;
}

/** Bytes that have left the CPU's caches: seen at once, or once the write buffer is flushed. */
function post(memory: Memory, gfn: number, offset: number, bytes: Uint8Array): void {
  const { posted, seen } = memory;
  const [first, end] = [offset >> 6, (offset + bytes.length + 63) >> 6];
  if (!memory.buffered) {
    pageOf(seen, gfn).set(bytes, offset);
    for (let line = first; line < end; line++) settle(memory, gfn, line);
    return;
  }
  const known = posted.get(gfn);
  const { page, lines } = known ?? { page: pageOf(seen, gfn).slice(), lines: new Set<number>() };
  page.set(bytes, offset);
  for (let line = first; line < end; line++) lines.add(line);
  if (known === undefined) posted.set(gfn, { page, lines });
}

/** Whether a write of a CPU may wait anywhere before the IOMMU sees it. */
const isDelayed = ({ coherent, buffered }: Memory): boolean => !coherent || buffered;

/** Flushes the write buffer. @returns the pages of which the IOMMU sees more now. */
export function drainBuffer(memory: Memory): readonly number[] {
  const { posted, seen } = memory;
  const pages = [...posted.keys()];
  if (pages.length > 0) memory.changes += 1;
  for (const [gfn, { page, lines }] of posted) {
    seen.set(gfn, page);
    for (const line of lines) settle(memory, gfn, line);
  }
  posted.clear();
  return pages;
}

/** Writes the lines that hold `length` bytes at `gpa` back from the CPU's caches. */
export function flushLines(memory: Memory, gpa: bigint, length: bigint): void {
  memory.changes += 1;
  const first = gpa - (gpa % lineBytes);
  const end = gpa + length;
  const only = frameOf(first);
  const isOne = length > 0n && frameOf(end - 1n) === only;
  const one = isOne ? memory.written.get(only) : undefined;
  const pages = isOne ? (one === undefined ? [] : [[only, one] as const]) : memory.written;
  for (const [gfn, page] of pages) {
    const base = BigInt(gfn) << 12n;
    if (base + 4096n <= first || base >= end) continue;
    const from = base > first ? 0 : Number(first - base);
    const past = end - base >= 4096n ? 4096 : Number(end - base + lineBytes - 1n) & ~63;
    if (from < past) post(memory, gfn, from, page.subarray(from, past));
  }
}

type Part = readonly [gpa: bigint, bytes: Uint8Array];

/** Splits bytes at page borders. */
function perPage(gpa: bigint, bytes: Uint8Array): readonly Part[] {
  if (bytes.length > 0 && offsetOf(gpa) + bytes.length <= 4096) return [[gpa, bytes]];
  const parts: Part[] = [];
  for (let done = 0; done < bytes.length; ) {
    const at = gpa + BigInt(done);
    const count = Math.min(bytes.length - done, 4096 - offsetOf(at));
    parts.push([at, bytes.subarray(done, done + count)]);
    done += count;
  }
  return parts;
}

/** A CPU's write. What falls on a page that is a hole or not writable is lost. */
export function cpuWrites(memory: Memory, gpa: bigint, bytes: Uint8Array, flushed: boolean): void {
  memory.changes += 1;
  for (const [at, some] of perPage(gpa, bytes)) {
    if (grantOf(memory.p2m, frameOf(at))?.write !== true) continue;
    const gfn = frameOf(at);
    const page = pageOf(memory.written, gfn);
    page.set(some, offsetOf(at));
    if (isDelayed(memory)) isWritten(memory.late, gfn, page, offsetOf(at), some.length);
    if (memory.coherent) post(memory, gfn, offsetOf(at), some);
    else if (flushed) flushLines(memory, at, BigInt(some.length));
  }
}

/**
 * A write by a device or by the vIOMMU that is known to have landed: visible to all at once. Holes
 * hold nothing.
 */
export function deviceWrites(memory: Memory, gpa: bigint, bytes: Uint8Array): void {
  memory.changes += 1;
  for (const [at, some] of perPage(gpa, bytes)) {
    if (!grantOf(memory.p2m, frameOf(at))) continue;
    const gfn = frameOf(at);
    pageOf(memory.written, gfn).set(some, offsetOf(at));
    memory.posted.get(gfn)?.page.set(some, offsetOf(at));
    pageOf(memory.seen, gfn).set(some, offsetOf(at));
  }
}

/** Forgets what the pages of a run held. */
export function forget(memory: Memory, first: number, count: number): void {
  memory.changes += 1;
  for (const view of [memory.written, memory.posted, memory.seen, memory.late]) {
    for (const gfn of view.keys()) if (gfn >= first && gfn < first + count) view.delete(gfn);
  }
}

function read(memory: Memory, view: View, gpa: bigint, count: number): Uint8Array | undefined {
  const out = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const at = gpa + BigInt(index);
    if (grantOf(memory.p2m, frameOf(at))?.read !== true) return undefined;
    out[index] = view.get(frameOf(at))?.[offsetOf(at)] ?? 0;
  }
  return out;
}

/** Bytes as a CPU reads them, or `undefined` where some of them cannot be read. */
export const cpuReads = (memory: Memory, gpa: bigint, count: number): Uint8Array | undefined =>
  read(memory, memory.written, gpa, count);

/** The little-endian 64-bit word that the IOMMU reads at an 8-byte aligned GPA, or `undefined`. */
export function iommuReads64(memory: Memory, gpa: bigint): bigint | undefined {
  const grant = grantOf(memory.p2m, frameOf(gpa));
  if (grant?.read !== true) return undefined;
  const page = memory.seen.get(frameOf(gpa));
  const word = page && new DataView(page.buffer, page.byteOffset).getBigUint64(offsetOf(gpa), true);
  return memory.sight === undefined ? (word ?? 0n) : memory.sight(gpa, word ?? 0n);
}
