import type { InputOf } from "../events/input.ts";
import type { FactOf } from "../events/fact.ts";
import { pageOf } from "../events/address.ts";
import type { Guest } from "./guest.ts";
import { copyGuest } from "./guest.ts";
import type { Memory } from "./memory.ts";
import { dropPage, flushLines, pageAt, wordIn, writeAhead, writeVisible } from "./memory.ts";
import { readable, writable } from "./p2m.ts";
import { radixForEach, radixGet, radixSet } from "./radix.ts";
import type { Shadow } from "./shadow.ts";
import { markPending } from "./shadow.ts";
import type { TableUse, Use } from "./table-use.ts";
import { isReached, markChangedEntries, noUse } from "./table-use.ts";

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

/** Marks what the entries in bytes `[from, to)` of a table page translate, and forgets uses that no walk reaches. */
function markTables(
  guest: Guest,
  before: Guest,
  gfn: number,
  from: number,
  to: number,
  use: TableUse,
  seq: number,
): Guest {
  const [old, now] = [pageAt(before.memory, gfn), pageAt(guest.memory, gfn)];
  const [first, last] = [from >> 3, (to + 7) >> 3];
  const shadows: Record<number, Shadow> = { ...guest.shadows };
  const live: Use[] = [];
  for (const one of use.uses) {
    const shadow = shadows[one.shadow];
    if (shadow === undefined) continue;
    if (!isReached(before.p2m, before.memory, shadow, one, gfn)) continue;
    live.push(one);
    shadows[one.shadow] = markChangedEntries(shadow, one, old, now, first, last, seq);
  }
  for (const id of use.shared) {
    const shadow = shadows[id];
    if (shadow === undefined || !wordsDiffer(before.memory, guest.memory, gfn, first, last)) continue;
    shadows[id] = markPending(shadow, 0, Number.MAX_SAFE_INTEGER, seq, true);
  }
  const tables =
    live.length === use.uses.length
      ? guest.tables
      : radixSet(guest.tables, gfn, { ...use, uses: live });
  const next = copyGuest(guest);
  next.shadows = shadows;
  next.tables = tables;
  return next;
}

function wordsDiffer(a: Memory, b: Memory, gfn: number, first: number, last: number): boolean {
  const [old, now] = [pageAt(a, gfn), pageAt(b, gfn)];
  for (let index = first; index < last; index++) {
    if (wordIn(old, index * 8) !== wordIn(now, index * 8)) return true;
  }
  return false;
}

/** Marks the host entries whose root or context entry lies in changed bytes of a page. */
function markContexts(
  guest: Guest,
  before: Guest,
  gfn: number,
  from: number,
  to: number,
  seq: number,
): Guest {
  let hosts = guest.hosts;
  for (const host of Object.values(hosts)) {
    if (host.pending !== 0) continue;
    if (!contextTouched(guest, before, host.source, gfn, from, to)) continue;
    hosts = { ...hosts, [host.source]: { ...host, pending: seq } };
  }
  return hosts === guest.hosts ? guest : { ...guest, hosts };
}

function contextTouched(
  guest: Guest,
  before: Guest,
  source: number,
  gfn: number,
  from: number,
  to: number,
): boolean {
  const touches = (page: number, offset: number): boolean =>
    page === gfn &&
    offset < to &&
    offset + 16 > from &&
    wordsDiffer(before.memory, guest.memory, gfn, offset >> 3, (offset >> 3) + 2);
  const root = pageOf(before.rootPointer);
  const rootOffset = (source >> 8) * 16;
  if (touches(root, rootOffset)) return true;
  const table = pageOf(wordIn(pageAt(before.memory, root), rootOffset));
  return touches(table, (source & 0xff) * 16);
}

/** Follows up a change of visible bytes: pending marks of shadows and host entries. */
export function tablesChanged(
  guest: Guest,
  before: Guest,
  gfn: number,
  from: number,
  to: number,
  seq: number,
): Guest {
  const use = radixGet(guest.tables, gfn);
  if (use === undefined) return guest;
  const marked =
    use.uses.length + use.shared.length > 0
      ? markTables(guest, before, gfn, from, to, use, seq)
      : guest;
  return use.context ? markContexts(marked, before, gfn, from, to, seq) : marked;
}

/** A write by the guest's CPU: where the P2M lets it, at once or, without coherent walks, once it is flushed. */
export function memoryWritten(guest: Guest, input: InputOf<"MemoryWrite">, seq: number): Guest {
  const atOnce = guest.profile.coherent || input.flushed === true;
  return writtenBy(guest, input.gpa, input.bytes, atOnce, seq);
}

/** A write that the IOMMU sees at once: the unit's own or a device's. */
export const unitWrote = (guest: Guest, gpa: bigint, bytes: Uint8Array, seq: number): Guest =>
  writtenBy(guest, gpa, bytes, true, seq);

function writtenBy(
  guest: Guest,
  gpa: bigint,
  bytes: Uint8Array,
  atOnce: boolean,
  seq: number,
): Guest {
  let next = guest;
  forEachPage(gpa, bytes.length, (gfn, offset, from, to) => {
    if (!writable(guest.p2m, gfn)) return;
    const before = next;
    const written = copyGuest(next);
    if (atOnce) {
      written.memory = writeVisible(before.memory, gfn, offset, bytes, from, to);
      next = tablesChanged(written, before, gfn, offset, offset + to - from, seq);
    } else {
      written.memory = writeAhead(before.memory, gfn, offset, bytes, from, to);
      next = written;
    }
  });
  return next;
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
    const before = next;
    next = { ...next, memory: flushLines(next.memory, gfn, from, to) };
    next = tablesChanged(next, before, gfn, from & ~63, Math.min(4096, (to + 63) & ~63), seq);
  });
  return next;
}

/** Marks everything that walks through a page whose readability changes. */
function readabilityChanged(guest: Guest, use: TableUse, seq: number): Guest {
  const shadows: Record<number, Shadow> = { ...guest.shadows };
  for (const one of use.uses) {
    const shadow = shadows[one.shadow];
    if (shadow === undefined) continue;
    const span = 512 ** one.level;
    shadows[one.shadow] = markPending(shadow, one.base, one.base + span, seq, true);
  }
  for (const id of use.shared) {
    const shadow = shadows[id];
    if (shadow === undefined) continue;
    shadows[id] = markPending(shadow, 0, Number.MAX_SAFE_INTEGER, seq, true);
  }
  let hosts = guest.hosts;
  if (use.context) {
    for (const host of Object.values(hosts)) {
      if (host.pending === 0) hosts = { ...hosts, [host.source]: { ...host, pending: seq } };
    }
  }
  return { ...guest, shadows, hosts };
}

/** Follows up a change of the P2M in `[first, end)`: tables that can be read now and could not, or the reverse. */
export function p2mChanged(
  guest: Guest,
  before: Guest,
  first: number,
  end: number,
  seq: number,
): Guest {
  let next = guest;
  radixForEach(guest.tables, first, end, (gfn, use) => {
    if (readable(before.p2m, gfn) === readable(guest.p2m, gfn)) return;
    next = readabilityChanged(next, use, seq);
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

/** The guest with a table page that walks read from now on, for `use`. */
export function tableShadowed(guest: Guest, fact: FactOf<"TableShadowed">): Guest {
  const gfn = pageOf(fact.table);
  const old = radixGet(guest.tables, gfn) ?? noUse;
  const one: Use = { shadow: fact.shadow, level: fact.level, base: pageOf(fact.iova) };
  return { ...guest, tables: radixSet(guest.tables, gfn, { ...old, uses: [...old.uses, one] }) };
}

/** The guest with a table page that one shadow reaches in too many places to list. */
export function tableShared(guest: Guest, fact: FactOf<"TableShared">): Guest {
  const gfn = pageOf(fact.table);
  const old = radixGet(guest.tables, gfn) ?? noUse;
  const uses = old.uses.filter((use) => use.shadow !== fact.shadow);
  const shared = old.shared.includes(fact.shadow) ? old.shared : [...old.shared, fact.shadow];
  return { ...guest, tables: radixSet(guest.tables, gfn, { ...old, uses, shared }) };
}

/** The guest with a page that holds root or context entries. */
export function contextTableUsed(guest: Guest, fact: FactOf<"ContextTableUsed">): Guest {
  const gfn = pageOf(fact.table);
  const old = radixGet(guest.tables, gfn) ?? noUse;
  return { ...guest, tables: radixSet(guest.tables, gfn, { ...old, context: true }) };
}
