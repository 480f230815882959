import { masksOf } from "../../events/layout/layout.ts";
import { SecondStageEntry } from "../../events/shadow/second-stage-entry.ts";
import { pagesOfSize } from "../../tables/mapping.ts";
import { arena } from "./arena.ts";
import type { Domain } from "./belief.ts";
import type { Driver, Manner } from "./driver.ts";
import { clearPage, pick, wordAt, writeWord } from "./driver.ts";
import type { Flush } from "./queue.ts";
import { flushIotlb } from "./queue.ts";

/** The place of an entry: which table page, which index, at which level. */
export interface Place {
  readonly table: number;
  readonly index: number;
  readonly level: number;
}

export const entryAddress = ({ table, index }: Place): number => table * 4096 + index * 8;

const { r, w, ps } = masksOf(SecondStageEntry);

/** A second-stage entry: permissions in bits 1:0, PS if wanted. */
export const entryWord = (page: number, permissions: number, superpage = false): bigint =>
  (BigInt(page) << 12n) | BigInt(permissions & 3) | (superpage ? ps : 0n);

/** A table page nobody uses, cleared; when there is none, one that somebody does use. */
export function takeTable(driver: Driver): number {
  const [page, ...rest] = driver.free;
  if (page === undefined) {
    driver.steals += 1;
    return pick(arena.tables, driver.steals * 5);
  }
  driver.free = rest;
  if (driver.used.has(page)) clearPage(driver, page);
  driver.used.add(page);
  return page;
}

const isPointer = (word: bigint): boolean => (word & (r | w)) !== 0n && (word & ps) === 0n;

/** The index of a page in the table of a level. */
const indexAt = (page: number, level: number): number =>
  Math.floor(page / (pagesOfSize[level - 1] as number)) % 512;

/**
 * The place of the entry of `level` for an IOVA page, with the tables above it; those that are
 * missing are made when `create`, each linked before or after the next is there.
 *
 * @returns the lowest place that exists when it stops above `level`.
 */
export function placeOf(
  driver: Driver,
  domain: Domain,
  page: number,
  level: number,
  create: boolean,
): Place {
  let table = domain.root;
  for (let at = domain.levels; at > level; at--) {
    const place = { table, index: indexAt(page, at), level: at };
    const word = wordAt(driver, entryAddress(place));
    if (isPointer(word)) {
      table = Number((word >> 12n) & 0xffffffffffn);
      continue;
    }
    if (!create) return place;
    table = takeTable(driver);
    writeWord(driver, entryAddress(place), entryWord(table, 3));
  }
  return { table, index: indexAt(page, level), level };
}

/** The smallest mask whose aligned block holds the pages that an entry of a level translates. */
const maskOf = (level: number): number => 9 * (level - 1);

/** Other domain-ids under which PASID entries name the tables of a domain. */
function didsOver(driver: Driver, { did, root }: Domain): readonly number[] {
  const dids = new Set<number>();
  for (const { domain, did: other } of driver.scalable.bindings.values()) {
    if (domain.root === root && other !== did) dids.add(other);
  }
  return [...dids].slice(0, 2);
}

/** An entry of second-stage tables, and a page that it translates. */
export interface Spot {
  readonly domain: Domain;
  readonly page: number;
  readonly place: Place;
}

/**
 * Announces that an entry changed. `narrow`: of one page alone, or for leaves alone although a
 * table pointer changed, or for another domain-id.
 */
export function announce(
  driver: Driver,
  { domain, page, place }: Spot,
  wasOrIsTable: boolean,
  manner: Manner,
  draw: number,
): void {
  if (manner === "none") return;
  const { psi, mamv } = driver.profile;
  const all: Flush = { scope: "domain", did: domain.did, page: 0, mask: 0, leafOnly: false };
  const wide = maskOf(place.level);
  if (manner === "narrow") {
    const pages: Flush = { ...all, scope: "page", page, mask: 0, leafOnly: draw % 2 === 1 };
    flushIotlb(driver, draw % 5 === 4 ? { ...all, did: domain.did + 1 } : pages, draw);
    return;
  }
  for (const did of didsOver(driver, domain)) flushIotlb(driver, { ...all, did }, draw);
  if (!psi || wide > mamv) {
    flushIotlb(driver, draw % 3 === 2 ? { ...all, scope: "global" } : all, draw);
    return;
  }
  const mask = Math.min(mamv, wide + (draw % 3 === 2 ? 2 : 0));
  const leafOnly = !wasOrIsTable && draw % 2 === 1;
  flushIotlb(driver, { ...all, scope: "page", page, mask, leafOnly }, draw);
}

/** Whether a word is a table pointer at a level. */
export const isTable = (word: bigint, level: number): boolean => level > 1 && isPointer(word);
