import { pageOf } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import { writable } from "../../tables/mapping.ts";
import type { Piece } from "../../tables/memory.ts";
import {
  drainPage,
  flushLines,
  writeAhead,
  writeBuffered,
  writeVisible,
} from "../../tables/memory.ts";
import { radixForEach, radixGet } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import type { BytesChanged } from "./pending-marks.ts";
import { markUse } from "./pending-marks.ts";

/** Splits a range of bytes at page ends. */
function forEachPage(
  gpa: bigint,
  length: number,
  visit: (gfn: number, offset: number, from: number, to: number) => void,
): void {
  let gfn = pageOf(gpa);
  let offset = Number(gpa & 0xfffn);
  for (let from = 0; from < length; ) {
    const to = Math.min(length, from + 4096 - offset);
    visit(gfn, offset, from, to);
    from = to;
    gfn += 1;
    offset = 0;
  }
}

/**
 * How a write comes to where the IOMMU sees it: `seen` at once; `buffered`, behind the CPU's
 * caches; `writtenBack` from them at once; `ahead`, in them until it is flushed.
 */
type Way = "seen" | "buffered" | "writtenBack" | "ahead";

/** The way of a CPU's write. Both waits are its own: without coherent walks, and by CAP.RWBF. */
function wayOf(profile: Guest["profile"], flushed: boolean): Way {
  if (!profile.snoopsAll) return flushed ? "writtenBack" : "ahead";
  return profile.rwbf ? "buffered" : "seen";
}

/**
 * A write by the guest's CPU, where the P2M lets it. The IOMMU sees it at once; or, without
 * coherent walks, once it is flushed, and with CAP.RWBF, once the write buffer is.
 *
 * Reading: the write buffer holds whatever the CPU writes until it must be empty; a unit may empty
 * it at any time.
 */
export function writeByCpu(guest: Draft<Guest>, input: InputOf<"MemoryWrite">, seq: number): void {
  const { gpa, bytes, flushed } = input;
  write(guest, gpa, bytes, wayOf(guest.profile, flushed === true), seq);
}

/** A write that the IOMMU sees at once: the unit's own or a device's. */
export const writeByUnit = (
  guest: Draft<Guest>,
  gpa: bigint,
  bytes: Uint8Array,
  seq: number,
): void => write(guest, gpa, bytes, "seen", seq);

/** Follows up a change of visible bytes: pending marks, if walks read the page. */
export function markChanged(guest: Draft<Guest>, change: BytesChanged): void {
  const use = radixGet(guest.tables, change.gfn);
  if (use !== undefined) markUse(guest, change, use);
}

function write(guest: Draft<Guest>, gpa: bigint, bytes: Uint8Array, way: Way, seq: number): void {
  forEachPage(gpa, bytes.length, (gfn, offset, from, to) => {
    if (!writable(guest.p2m, gfn)) return;
    const before = guest.memory;
    const piece: Piece = { gfn, offset, bytes, from, to };
    const end = offset + to - from;
    const isAlone = way === "writtenBack" && radixGet(before.ahead, gfn) === undefined;
    if (way === "seen" || (isAlone && !guest.profile.rwbf)) {
      guest.memory = writeVisible(before, piece);
      markChanged(guest, { before, gfn, from: offset, to: end, seq });
      return;
    }
    const isFlushed = way === "buffered" || isAlone;
    guest.memory = (isFlushed ? writeBuffered : writeAhead)(before, piece);
    // Some reads snoop it.
    if (guest.profile.splitSight) markChanged(guest, { before, gfn, from: offset, to: end, seq });
    if (!isFlushed && way === "writtenBack") flushPage(guest, gfn, offset, end, seq);
  });
}

/** The lines of a page that hold bytes `[from, to)` are written back. */
function flushPage(guest: Draft<Guest>, gfn: number, from: number, to: number, seq: number): void {
  const before = guest.memory;
  const { rwbf } = guest.profile;
  guest.memory = flushLines(before, gfn, from, to, rwbf);
  if (rwbf) return;
  const lines = { from: from & ~63, to: Math.min(4096, (to + 63) & ~63) };
  markChanged(guest, { before, gfn, from: lines.from, to: lines.to, seq });
}

/** What waits in the write buffer becomes visible; not what is still in the CPU's caches. */
export function drainBuffer(guest: Draft<Guest>, seq: number): void {
  const { buffered } = guest.memory;
  if (buffered.size === 0) return;
  radixForEach(buffered, 0, Number.MAX_SAFE_INTEGER, (gfn) => {
    const before = guest.memory;
    guest.memory = drainPage(before, gfn);
    markChanged(guest, { before, gfn, from: 0, to: 4096, seq });
  });
}

/** The largest stretch that one flush looks at: the rest of a page at a time, 1 GiB in all. */
const flushLimit = 2n ** 30n;

/** The CPU's lines in a range are written back. */
export function flushCache(guest: Draft<Guest>, input: InputOf<"CacheFlush">, seq: number): void {
  if (guest.memory.ahead.size === 0) return;
  const length = input.length < flushLimit ? input.length : flushLimit;
  const end = input.gpa + length;
  radixForEach(guest.memory.ahead, pageOf(input.gpa), pageOf(end + 4095n), (gfn) => {
    const start = BigInt(gfn) << 12n;
    const from = input.gpa > start ? Number(input.gpa - start) : 0;
    const to = end - start < 4096n ? Number(end - start) : 4096;
    flushPage(guest, gfn, from, to, seq);
  });
}

/** What facts do to what the unit sees of guest memory. */
export const seenEvolvers: Evolvers = {
  MemoryWritten: (guest, fact, seq) => writeByUnit(guest, fact.gpa, fact.bytes, seq),
  WriteBufferFlushed: (guest, _, seq) => drainBuffer(guest, seq),
  WriteBufferDrained: (guest, _, seq) => drainBuffer(guest, seq),
};
