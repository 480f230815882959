import type { P2m } from "../../tables/mapping.ts";
import { pagesOfSize, readable } from "../../tables/mapping.ts";
import type { Memory, Page } from "../../tables/memory.ts";
import { half, pageAt } from "../../tables/memory.ts";
import { radixForEach, radixSet } from "../../tables/radix.ts";
import { contextPath } from "../context/context-path.ts";
import type { Draft, Guest } from "../guest.ts";
import type { PathPart } from "../host/host-entry.ts";
import { markHosts } from "../host/host-entry.ts";
import type { Shadow } from "../shadow/shadow.ts";
import { markPending, shadowAt, withShadow } from "../shadow/shadow.ts";
import type { TablePlace, TableUse } from "./table-use.ts";
import { isReached, ps } from "./table-use.ts";

/** A change of visible bytes `[from, to)` of a guest page by event `seq`. */
export interface BytesChanged {
  /** The guest's memory before it. */
  readonly before: Memory;
  readonly gfn: number;
  readonly from: number;
  readonly to: number;
  readonly seq: number;
}

/** The words of 64 bits that changed bytes touch. */
const wordsOf = (guest: Guest, { before, gfn, from, to, seq }: BytesChanged): WordsChanged => ({
  before: pageAt(before, gfn),
  after: pageAt(guest.memory, gfn),
  first: from >> 3,
  end: (to + 7) >> 3,
  seq,
});

function anyDiffers(words: WordsChanged): boolean {
  for (let index = words.first; index < words.end; index++) {
    if (wordDiffers(words, index)) return true;
  }
  return false;
}

/** Marks what changed entries of a table page translate, and forgets uses that no walk reaches. */
function markTables(guest: Draft<Guest>, change: BytesChanged, use: TableUse): void {
  const { before, gfn, seq } = change;
  const words = wordsOf(guest, change);
  let { shadows } = guest;
  const live: TablePlace[] = [];
  for (const one of use.uses) {
    const shadow = shadowAt({ shadows }, one.shadow);
    if (shadow === undefined) continue;
    if (!isReached(guest.p2m, before, shadow, one, gfn)) continue;
    live.push(one);
    shadows = withShadow(shadows, markChangedEntries(shadow, one, words));
  }
  for (const id of use.shared) {
    const shadow = shadowAt({ shadows }, id);
    if (shadow === undefined || !anyDiffers(words)) continue;
    shadows = withShadow(shadows, markPending(shadow, 0, Number.MAX_SAFE_INTEGER, seq, true));
  }
  guest.shadows = shadows;
  if (live.length === use.uses.length) return;
  guest.tables = radixSet(guest.tables, gfn, { ...use, uses: live });
}

const pathParts: readonly PathPart[] = ["pending", "pasidPending"];

/** Marks the host entries whose root, context or PASID entries lie in changed bytes of a page. */
function markContexts(guest: Draft<Guest>, change: BytesChanged): void {
  const { gfn, from, to, seq } = change;
  const { profile, rootPointer } = guest;
  const before = { profile, rootPointer, memory: change.before };
  const words = wordsOf(guest, change);
  const differs = (offset: number, end: number): boolean =>
    offset < to && end > from && anyDiffers({ ...words, first: offset >> 3, end: end >> 3 });
  let { hosts } = guest;
  for (const part of pathParts) {
    hosts = markHosts(hosts, seq, part, ({ source, pasid }) =>
      contextPath(before, source, pasid).some(
        (one) =>
          one.part === part && one.page === gfn && differs(one.offset, one.offset + one.bytes),
      ),
    );
  }
  guest.hosts = hosts;
}

/** Marks what changed bytes of a page that walks read translate: in shadows and host entries. */
export function markUse(guest: Draft<Guest>, change: BytesChanged, use: TableUse): void {
  if (use.uses.length + use.shared.length > 0) markTables(guest, change, use);
  if (use.context) markContexts(guest, change);
}

/** Marks everything that walks through a page whose readability changes. */
function markWalks(
  guest: Draft<Guest>,
  before: P2m,
  gfn: number,
  use: TableUse,
  seq: number,
): void {
  let { shadows } = guest;
  for (const one of use.uses) {
    const shadow = shadowAt({ shadows }, one.shadow);
    if (shadow === undefined) continue;
    if (!isReached(before, guest.memory, shadow, one, gfn)) continue;
    const span = 512 ** one.level;
    const marked = markPending(shadow, one.base, one.base + span, seq, true);
    shadows = withShadow(shadows, marked);
  }
  for (const id of use.shared) {
    const shadow = shadowAt({ shadows }, id);
    if (shadow === undefined) continue;
    shadows = withShadow(shadows, markPending(shadow, 0, Number.MAX_SAFE_INTEGER, seq, true));
  }
  let { hosts } = guest;
  for (const part of use.context ? pathParts : []) {
    hosts = markHosts(hosts, seq, part, ({ source, pasid }) =>
      contextPath(guest, source, pasid).some((one) => one.part === part && one.page === gfn),
    );
  }
  guest.shadows = shadows;
  guest.hosts = hosts;
}

/**
 * Follows up a change of the P2M in `[first, end)`: tables that can be read now and could not, or
 * the reverse.
 */
export function markReadability(
  guest: Draft<Guest>,
  before: P2m,
  first: number,
  end: number,
  seq: number,
): void {
  radixForEach(guest.tables, first, end, (gfn, use) => {
    if (readable(before, gfn) === readable(guest.p2m, gfn)) return;
    markWalks(guest, before, gfn, use, seq);
  });
}

/** A superpage leaf; entries of level 1 are always leaves. */
const isLeaf = (low: number, level: number): boolean =>
  level === 1 || (level <= 3 && (low & ps) !== 0);

/** Two versions of a page whose words from `first` up to `end` (not included) may differ. */
export interface WordsChanged {
  readonly before: Page | undefined;
  readonly after: Page | undefined;
  readonly first: number;
  readonly end: number;
  /** Number of the event that changed them. */
  readonly seq: number;
}

/** Whether a word of two versions differs. */
export const wordDiffers = ({ before, after }: WordsChanged, index: number): boolean =>
  half(before, index * 2) !== half(after, index * 2) ||
  half(before, index * 2 + 1) !== half(after, index * 2 + 1);

/** Marks what the entries of a table translate that differ between two versions of its page. */
export function markChangedEntries(shadow: Shadow, use: TablePlace, changed: WordsChanged): Shadow {
  const { before, after, first, end, seq } = changed;
  const span = pagesOfSize[use.level - 1] as number;
  let marked = shadow;
  for (let index = first; index < end; index++) {
    if (!wordDiffers(changed, index)) continue;
    const wasLeaf = isLeaf(half(before, index * 2), use.level);
    const upper = !(wasLeaf && isLeaf(half(after, index * 2), use.level));
    const page = use.base + index * span;
    marked = markPending(marked, page, page + span, seq, upper);
  }
  return marked;
}
