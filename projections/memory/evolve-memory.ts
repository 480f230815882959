import { pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { InputOf } from "../../events/input.ts";
import type { Piece } from "../../tables/memory.ts";
import { dropPage, flushLines, writeAhead, writeVisible } from "../../tables/memory.ts";
import { writable } from "../../tables/p2m.ts";
import { radixForEach, radixGet, radixSet } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import { asWeb, isWeb } from "../shadow/shadow.ts";
import { shadowAt, withShadow } from "../shadow/shadows.ts";
import { tablesChanged } from "./pending-marks.ts";
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
 * A write by the guest's CPU: where the P2M lets it, at once or, without coherent walks, once it is
 * flushed.
 */
export function memoryWritten(guest: Guest, input: InputOf<"MemoryWrite">, seq: number): Guest {
  const { gpa, bytes, flushed } = input;
  const late = guest.profile.coherent ? "atOnce" : flushed === true ? "flushed" : "ahead";
  return writtenBy(guest, gpa, bytes, late, seq);
}

/** A write that the IOMMU sees at once: the unit's own or a device's. */
export const unitWrote = (guest: Guest, gpa: bigint, bytes: Uint8Array, seq: number): Guest =>
  writtenBy(guest, gpa, bytes, "atOnce", seq);

function writtenBy(
  guest: Guest,
  gpa: bigint,
  bytes: Uint8Array,
  when: "atOnce" | "flushed" | "ahead",
  seq: number,
): Guest {
  let next = guest;
  forEachPage(gpa, bytes.length, (gfn, offset, from, to) => {
    if (!writable(guest.p2m, gfn)) return;
    const before = next;
    const written = copyGuest(next);
    const piece: Piece = { gfn, offset, bytes, from, to };
    const end = offset + to - from;
    const nothingAhead = when === "flushed" && radixGet(before.memory.ahead, gfn) === undefined;
    if (when === "atOnce" || nothingAhead) {
      written.memory = writeVisible(before.memory, piece);
      next = tablesChanged(written, { before, gfn, from: offset, to: end, seq });
    } else {
      written.memory = writeAhead(before.memory, piece);
      next = when === "flushed" ? linesFlushed(written, gfn, offset, end, seq) : written;
    }
  });
  return next;
}

/** The lines of a page that hold bytes `[from, to)` become visible. */
function linesFlushed(guest: Guest, gfn: number, from: number, to: number, seq: number): Guest {
  const next = { ...guest, memory: flushLines(guest.memory, gfn, from, to) };
  const lines = { from: from & ~63, to: Math.min(4096, (to + 63) & ~63) };
  return tablesChanged(next, { before: guest, gfn, ...lines, seq });
}

/** The largest stretch that one flush looks at: the rest of a page at a time, 1 GiB in all. */
const flushLimit = 2n ** 30n;

/** The CPU's lines in a range become visible. */
export function cacheFlushed(guest: Guest, input: InputOf<"CacheFlush">, seq: number): Guest {
  if (guest.memory.ahead.size === 0) return guest;
  const length = input.length < flushLimit ? input.length : flushLimit;
  const end = input.gpa + length;
  let next = guest;
  radixForEach(guest.memory.ahead, pageOf(input.gpa), pageOf(end + 4095n), (gfn) => {
    const start = BigInt(gfn) << 12n;
    const from = input.gpa > start ? Number(input.gpa - start) : 0;
    const to = end - start < 4096n ? Number(end - start) : 4096;
    next = linesFlushed(next, gfn, from, to, seq);
  });
  return next;
}

/** Memory without the contents of pages that the guest lost. */
export function contentsLost(guest: Guest, first: number, end: number): Guest {
  let memory = guest.memory;
  const drop = (gfn: number): void => {
    memory = dropPage(memory, gfn);
  };
  radixForEach(guest.memory.visible, first, end, drop);
  radixForEach(guest.memory.ahead, first, end, drop);
  return { ...guest, memory };
}

/** A page's uses, before one more is listed: of shadows that are gone only a few are kept. */
function usesOf(guest: Guest, gfn: number): TableUse {
  const use = radixGet(guest.tables, gfn) ?? noUse;
  if (use.uses.length + use.shared.length < 2 * maxUses) return use;
  const isThere = (id: number): boolean => shadowAt(guest, id) !== undefined;
  const uses = use.uses.filter(({ shadow }) => isThere(shadow));
  return { ...use, uses, shared: use.shared.filter(isThere) };
}

/** The guest with a table page that walks read from now on, for `use`. */
function tableShadowed(guest: Guest, fact: FactOf<"TableShadowed">): Guest {
  const gfn = pageOf(fact.table);
  const old = usesOf(guest, gfn);
  const one: TablePlace = { shadow: fact.shadow, level: fact.level, base: pageOf(fact.iova) };
  return { ...guest, tables: radixSet(guest.tables, gfn, { ...old, uses: [...old.uses, one] }) };
}

/**
 * The guest with a table page that one shadow reaches in too many places to list; the shadow is a
 * web from now on.
 */
function tableShared(guest: Guest, fact: FactOf<"TableShared">): Guest {
  const gfn = pageOf(fact.table);
  const old = usesOf(guest, gfn);
  const uses = old.uses.filter((use) => use.shadow !== fact.shadow);
  const shared = old.shared.includes(fact.shadow) ? old.shared : [...old.shared, fact.shadow];
  const tables = radixSet(guest.tables, gfn, { ...old, uses, shared });
  const shadow = shadowAt(guest, fact.shadow);
  if (shadow === undefined || isWeb(shadow)) return { ...guest, tables };
  return { ...guest, tables, shadows: withShadow(guest.shadows, asWeb(shadow)) };
}

/** The guest with a page that holds root or context entries. */
function contextTableUsed(guest: Guest, fact: FactOf<"ContextTableUsed">): Guest {
  const gfn = pageOf(fact.table);
  const old = radixGet(guest.tables, gfn) ?? noUse;
  return { ...guest, tables: radixSet(guest.tables, gfn, { ...old, context: true }) };
}

/** What facts about guest memory, and which of its pages walks read, do. */
export const memoryEvolvers: Evolvers = {
  MemoryWritten: (guest, fact, seq) => unitWrote(guest, fact.gpa, fact.bytes, seq),
  TableShadowed: tableShadowed,
  TableShared: tableShared,
  ContextTableUsed: contextTableUsed,
};
