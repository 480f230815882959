import type { Memory } from "../../tables/memory.ts";
import { pageAt, wordIn } from "../../tables/memory.ts";
import { readable } from "../../tables/p2m.ts";
import { radixForEach, radixGet, radixSet } from "../../tables/radix.ts";
import { contextPath } from "../context/context-path.ts";
import type { Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import type { HostEntry, PathPart } from "../host/host-entry.ts";
import { markHosts } from "../host/host-entry.ts";
import type { Shadow } from "../shadow/shadow.ts";
import { markPending } from "../shadow/shadow.ts";
import type { TableUse, Use } from "./table-use.ts";
import { isReached, markChangedEntries } from "./table-use.ts";

/**
 * Marks what the entries in bytes `[from, to)` of a table page translate, and forgets uses that no
 * walk reaches.
 */
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
    if (shadow === undefined || !wordsDiffer(before.memory, guest.memory, gfn, first, last))
      continue;
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

/** Marks the host entries whose root, context or PASID entries lie in changed bytes of a page. */
function markContexts(
  guest: Guest,
  before: Guest,
  gfn: number,
  from: number,
  to: number,
  seq: number,
): Guest {
  let { hosts } = guest;
  for (const part of pathParts) {
    hosts = markHosts(hosts, seq, part, (host) =>
      pathTouched(guest, before, host, part, gfn, from, to),
    );
  }
  return hosts === guest.hosts ? guest : { ...guest, hosts };
}

const pathParts: readonly PathPart[] = ["pending", "pasidPending"];

function pathTouched(
  guest: Guest,
  before: Guest,
  { source, pasid }: HostEntry,
  part: PathPart,
  gfn: number,
  from: number,
  to: number,
): boolean {
  return contextPath(before, source, pasid).some(({ page, offset, bytes, part: its }) => {
    const end = offset + bytes;
    if (its !== part || page !== gfn || offset >= to || end <= from) return false;
    return wordsDiffer(before.memory, guest.memory, gfn, offset >> 3, end >> 3);
  });
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

/** Marks everything that walks through a page whose readability changes. */
function readabilityChanged(
  guest: Guest,
  before: Guest,
  gfn: number,
  use: TableUse,
  seq: number,
): Guest {
  const shadows: Record<number, Shadow> = { ...guest.shadows };
  for (const one of use.uses) {
    const shadow = shadows[one.shadow];
    if (shadow === undefined) continue;
    if (!isReached(before.p2m, before.memory, shadow, one, gfn)) continue;
    const span = 512 ** one.level;
    shadows[one.shadow] = markPending(shadow, one.base, one.base + span, seq, true);
  }
  for (const id of use.shared) {
    const shadow = shadows[id];
    if (shadow === undefined) continue;
    shadows[id] = markPending(shadow, 0, Number.MAX_SAFE_INTEGER, seq, true);
  }
  let { hosts } = guest;
  for (const part of use.context ? pathParts : []) {
    hosts = markHosts(hosts, seq, part, ({ source, pasid }) =>
      contextPath(guest, source, pasid).some((one) => one.part === part && one.page === gfn),
    );
  }
  return { ...guest, shadows, hosts };
}

/**
 * Follows up a change of the P2M in `[first, end)`: tables that can be read now and could not, or
 * the reverse.
 */
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
    next = readabilityChanged(next, before, gfn, use, seq);
  });
  return next;
}
