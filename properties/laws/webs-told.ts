import { hex, pageOf } from "../../events/address.ts";
import type { Fact, FactOf } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { Guest } from "../../projections/guest.ts";
import { shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import type { Page } from "../../tables/memory.ts";
import { half, pageAt } from "../../tables/memory.ts";
import { anyIn } from "../../tables/page-tree-range.ts";
import { coveredPages } from "./invalidated.ts";
import type { Count, Law } from "./law.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** What facts said of a guest's shadows and first stages. */
interface Book {
  /** Shadows some table of which lies in many places. */
  readonly webs: Set<number>;
  /** Levels of first stages. */
  readonly spaces: Map<number, number>;
  /** Webs that must be read as a whole before the input is done. */
  readonly due: Set<number>;
  /** Something was restored of which the book knows nothing. */
  isPartial: boolean;
}

const newBook = (): Book => ({
  webs: new Set(),
  spaces: new Map(),
  due: new Set(),
  isPartial: false,
});

/** Whether an entry names a table: it allows something, and is no superpage. */
const isLink = (low: number): boolean => (low & 3) !== 0 && (low & 0x80) === 0;

const linksOfPage = new WeakMap<Page, readonly number[]>();

/** The pages that the entries of a table name as tables; a page never changes. */
function linksOf(page: Page | undefined): readonly number[] {
  if (page === undefined) return [];
  const known = linksOfPage.get(page);
  if (known !== undefined) return known;
  const links = new Set<number>();
  for (let index = 0; index < 512; index++) {
    const low = half(page, index * 2);
    if (!isLink(low)) continue;
    links.add((low >>> 12) + (half(page, index * 2 + 1) & 0xf_ffff) * 2 ** 20);
  }
  const made = [...links];
  linksOfPage.set(page, made);
  return made;
}

/** Whether a page holds a table of a level of a shadow, by what memory holds. */
function isTable(guest: Guest, { shadow, table, level }: FactOf<"TableShared">): boolean {
  const { root, levels } = shadowAt(guest, shadow) ?? { root: -1, levels: 0 };
  let pages = new Set([root]);
  for (let above = levels; above > level; above--) {
    const below = new Set<number>();
    for (const page of pages) {
      for (const link of linksOf(pageAt(guest.memory, page))) below.add(link);
    }
    pages = below;
  }
  return pages.has(pageOf(table));
}

/** Webs of which an invalidation covers something that is marked, but not all of it. */
function noteDue({ webs, due }: Book, guest: Guest, now: Guest, fact: FactOf<"IotlbInvalidated">) {
  for (const { id, did, pending } of webs.size === 0 ? [] : shadowsOf(guest)) {
    const covered = coveredPages(fact, did);
    if (!webs.has(id) || covered === undefined || pending.root === 0) continue;
    if ((shadowAt(now, id)?.pending.root ?? 0) === 0) continue;
    if (anyIn(pending, covered[0], Math.min(covered[1], 512 ** 5))) due.add(id);
  }
}

/** Why a web may not be told to be read again, or nothing. */
function checkReread(book: Book, guest: Guest, now: Guest, shadow: number): string | undefined {
  book.due.delete(shadow);
  if (!book.webs.has(shadow) && !book.isPartial) return `shadow ${shadow} is no web`;
  const marked = (shadowAt(guest, shadow)?.pending.root ?? 0) !== 0;
  if (!marked) return `nothing of shadow ${shadow} is pending`;
  const left = shadowAt(now, shadow)?.pending.root ?? 0;
  return left === 0 ? undefined : `shadow ${shadow} is still pending`;
}

/** Why the host does not flush what it says that it flushes, or nothing. */
function checkFlush(book: Book, guest: Guest, { input }: Step, fact: FactOf<"HostIotlbFlushed">) {
  const { shadow, space, iova, length } = fact;
  if (space !== undefined) {
    const levels = book.spaces.get(space);
    const cached = guest.spaces[space]?.iotlb.some(({ root }) => root !== 0) === true;
    if (!cached) return "nothing is cached of that first stage";
    const isWhole = iova === 0n && length === 1n << BigInt(12 + 9 * (levels ?? 0));
    return isWhole || levels === undefined ? undefined : "a first stage is flushed in part";
  }
  if (shadow !== undefined) {
    const iotlb = shadowAt(guest, shadow)?.iotlb;
    const [first, count] = [pageOf(iova), pageOf(length)];
    const isThere = iotlb !== undefined && anyIn(iotlb, first, first + count);
    return isThere ? undefined : `nothing is cached at ${hex(iova)}`;
  }
  const isP2m = input.type === "P2mMap" || input.type === "P2mUnmap" || input.type === "P2mProtect";
  if (!isP2m) return iova === 0n && length === 1n << 52n ? undefined : "not everything is flushed";
  const covers = iova <= input.gpa && iova + length >= input.gpa + input.length;
  return covers ? undefined : "it does not cover what changes";
}

/** Takes a fact into account. @returns what is wrong with it. */
function follow(book: Book, { fact, step }: Moment, was: Guest, now: Guest, count: Count) {
  switch (fact?.type) {
    case "TableShared":
      book.webs.add(fact.shadow);
      count("shared");
      return isTable(now, fact) ? undefined : `${hex(fact.table)} is no such table`;
    case "ShadowReread":
      count("read again");
      return checkReread(book, was, now, fact.shadow);
    case "IotlbInvalidated":
      noteDue(book, was, now, fact);
      return undefined;
    case "HostIotlbFlushed":
      count("flushed");
      return checkFlush(book, was, step, fact);
    case "FirstStageCreated":
      book.spaces.set(fact.space, fact.levels);
      return undefined;
    case "ShadowDropped":
      book.webs.delete(fact.shadow);
      book.due.delete(fact.shadow);
      return undefined;
    default:
      return renew(book, fact);
  }
}

function renew(book: Book, fact: Fact | undefined): undefined {
  if (fact?.type !== "UnitRestored") return;
  for (const part of [book.webs, book.spaces, book.due]) part.clear();
  book.isPartial = true;
}

export const websAreTold: Law = {
  id: "WB8",
  says:
    "A web is told to be read again where an invalidation covers a part of what is pending, and " +
    "then nothing is; what the host says that it flushes is what goes.",
  sometimes: ["shared", "flushed"],
  check(run, count) {
    const books = run.setup.guests.map(newBook);
    for (const moment of momentsOf(run)) {
      const { fact, step, before, after, seq } = moment;
      const index = guestIndex(fact ?? step.input);
      const [book, was, now] = [books[index], before.guests[index], after.guests[index]];
      if (book === undefined || was === undefined || now === undefined) continue;
      const text = follow(book, moment, was, now, count);
      if (text !== undefined) return { law: "WB8", seq, text };
      if (seq !== step.after.seq || book.due.size === 0) continue;
      return { law: "WB8", seq, text: `shadow ${[...book.due].join()} is not read again` };
    }
    return undefined;
  },
};
