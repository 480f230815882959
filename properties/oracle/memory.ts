import type { P2m } from "./p2m.ts";
import { grantOf } from "./p2m.ts";

/**
 * One guest's memory by GPA, twice: what its CPUs have written, and what the IOMMU sees of that.
 * They differ only where the IOMMU's table reads do not snoop (ECAP.C=0). A page that nobody wrote
 * holds zeros.
 */
export interface Memory {
  readonly p2m: P2m;
  coherent: boolean;
  readonly written: Map<number, Uint8Array>;
  readonly seen: Map<number, Uint8Array>;
  /** How often what the IOMMU sees may have changed, the P2M aside. */
  changes: number;
}

type View = Map<number, Uint8Array>;

const lineBytes = 64n;

export const newMemory = (p2m: P2m, coherent: boolean): Memory => ({
  p2m,
  coherent,
  written: new Map(),
  seen: new Map(),
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

/**
 * Copies the lines that hold `length` bytes at `gpa` from what was written to what the IOMMU sees.
 */
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
    pageOf(memory.seen, gfn).set(page.subarray(from, past), from);
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
    pageOf(memory.written, frameOf(at)).set(some, offsetOf(at));
    if (memory.coherent) pageOf(memory.seen, frameOf(at)).set(some, offsetOf(at));
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
    pageOf(memory.written, frameOf(at)).set(some, offsetOf(at));
    pageOf(memory.seen, frameOf(at)).set(some, offsetOf(at));
  }
}

/** Forgets what the pages of a run held. */
export function forget(memory: Memory, first: number, count: number): void {
  memory.changes += 1;
  for (const view of [memory.written, memory.seen]) {
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
  if (!page) return 0n;
  return new DataView(page.buffer, page.byteOffset).getBigUint64(offsetOf(gpa), true);
}
