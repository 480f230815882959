import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
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
import { radixForEach, radixGet, radixSet } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { asWeb, isWeb, shadowAt, withShadow } from "../shadow/shadow.ts";
import type { BytesChanged } from "./pending-marks.ts";
import { markUse } from "./pending-marks.ts";
import type { TablePlace, TableUse } from "./table-use.ts";
import { maxUses, noUse } from "./table-use.ts";

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
function wayOf({ coherent, rwbf }: Guest["profile"], flushed: boolean): Way {
  if (!coherent) return flushed ? "writtenBack" : "ahead";
  return rwbf ? "buffered" : "seen";
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
    } else if (way === "buffered" || isAlone) {
      guest.memory = writeBuffered(before, piece);
    } else {
      guest.memory = writeAhead(before, piece);
      if (way === "writtenBack") flushPage(guest, gfn, offset, end, seq);
    }
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
function drainBuffer(guest: Draft<Guest>, seq: number): void {
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

const sameUse = (a: TablePlace, b: TablePlace): boolean =>
  a.shadow === b.shadow && a.level === b.level && a.base === b.base;

const hasUse = (use: TableUse, wanted: TablePlace): boolean => {
  for (const one of use.uses) if (sameUse(one, wanted)) return true;
  return false;
};

/** Whether writes to the page would mark what `wanted` translates already. */
export const isRegistered = (use: TableUse | undefined, wanted: TablePlace): boolean =>
  use !== undefined && (use.shared.includes(wanted.shadow) || hasUse(use, wanted));

/** Whether one more place of the table in the shadow would be too many to list. */
export const isFull = (use: TableUse | undefined, shadow: number): boolean =>
  use !== undefined && use.uses.filter((one) => one.shadow === shadow).length >= maxUses;

/** A page's uses, before one more is listed: of shadows that are gone only a few are kept. */
function usesOf(guest: Guest, gfn: number): TableUse {
  const use = radixGet(guest.tables, gfn) ?? noUse;
  if (use.uses.length + use.shared.length < 2 * maxUses) return use;
  const isThere = (id: number): boolean => shadowAt(guest, id) !== undefined;
  const uses = use.uses.filter(({ shadow }) => isThere(shadow));
  return { ...use, uses, shared: use.shared.filter(isThere) };
}

/** Walks read a table page from now on. */
function useTable(guest: Draft<Guest>, fact: FactOf<"TableShadowed">): void {
  const gfn = pageOf(fact.table);
  const old = usesOf(guest, gfn);
  const one: TablePlace = { shadow: fact.shadow, level: fact.level, base: pageOf(fact.iova) };
  guest.tables = radixSet(guest.tables, gfn, { ...old, uses: [...old.uses, one] });
}

/** One shadow reaches a table page in too many places to list; it is a web from now on. */
function shareTable(guest: Draft<Guest>, fact: FactOf<"TableShared">): void {
  const gfn = pageOf(fact.table);
  const old = usesOf(guest, gfn);
  const uses = old.uses.filter((use) => use.shadow !== fact.shadow);
  const shared = old.shared.includes(fact.shadow) ? old.shared : [...old.shared, fact.shadow];
  guest.tables = radixSet(guest.tables, gfn, { ...old, uses, shared });
  const shadow = shadowAt(guest, fact.shadow);
  if (shadow === undefined || isWeb(shadow)) return;
  guest.shadows = withShadow(guest.shadows, asWeb(shadow));
}

/** A page holds root or context entries. */
function useContextTable(guest: Draft<Guest>, fact: FactOf<"ContextTableUsed">): void {
  const gfn = pageOf(fact.table);
  const old = radixGet(guest.tables, gfn) ?? noUse;
  guest.tables = radixSet(guest.tables, gfn, { ...old, context: true });
}

/** What facts about guest memory, and which of its pages walks read, do. */
export const memoryEvolvers: Evolvers = {
  MemoryWritten: (guest, fact, seq) => writeByUnit(guest, fact.gpa, fact.bytes, seq),
  WriteBufferFlushed: (guest, _, seq) => drainBuffer(guest, seq),
  WriteBufferDrained: (guest, _, seq) => drainBuffer(guest, seq),
  TableShadowed: useTable,
  TableShared: shareTable,
  ContextTableUsed: useContextTable,
};
