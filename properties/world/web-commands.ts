import { arena } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, pick, writeBytes } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { changeSecond, more, pageFrom, scribble, someDomain } from "./mapping-commands.ts";
import { flushIotlb } from "./queue.ts";
import { entryWord, placeOf } from "./tables.ts";

/** Indices of the entries of a sparse table: the edges of the groups of 32, and what pages use. */
const sparse = [0, 1, 2, 3, 4, 31, 32, 33, 255, 256, 503, 510, 511];
const dense = Array.from({ length: 512 }, (_, index) => index);

/** Numbers below a limit that one draw gives, as many as are wanted. */
function numbersOf({ word, extra }: Draw): (limit: number) => number {
  let state = (Number(word & 0xffff_ffffn) ^ extra) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 16) % limit;
  };
}

/** One entry of a web: mostly a link to one of its tables, with any rights. */
function linkWord(pages: readonly number[], next: (limit: number) => number): bigint {
  const permissions = pick([3, 3, 3, 3, 1, 2, 1, 2, 0], next(64));
  const kind = next(12);
  if (kind === 0) return entryWord(pick([...arena.large, arena.high], next(8)), permissions, true);
  if (kind === 1) return entryWord(pick(arena.data, next(64)), permissions);
  return entryWord(pick(pages, next(64)), permissions);
}

function fillTable(driver: Driver, table: number, pages: readonly number[], draw: Draw): void {
  const next = numbersOf({ ...draw, extra: draw.extra + table });
  const bytes = new Uint8Array(4096);
  for (const index of draw.how % 16 === 15 ? dense : sparse) {
    const word = linkWord(pages, next);
    driver.words.set(table * 4096 + index * 8, word);
    bytes.set(bytesOf(word, 8), index * 8);
  }
  driver.used.add(table);
  writeBytes(driver, table * 4096, bytes, true);
}

/**
 * Fills some table pages with links to each other, so that each of them lies in very many places
 * with all rights, and links one of them; sometimes the top table is one of them.
 */
const web: Command = (driver, draw, manner) => {
  const domain = someDomain(driver, draw.what);
  const count = 1 + (more(draw, 32) % 4);
  const first = more(draw, 36);
  const chosen = Array.from({ length: count }, (_, index) => pick(arena.tables, first + 3 * index));
  const pages = draw.where % 4 === 3 ? [...chosen, domain.root] : chosen;
  for (const table of pages) fillTable(driver, table, pages, draw);
  const page = pageFrom(driver, draw.where);
  const level = 2 + (draw.extra % (domain.levels - 1));
  const place = placeOf(driver, domain, page, level, false);
  const word = entryWord(pick(pages, draw.extra), draw.how % 7 === 6 ? 1 : 3);
  changeSecond(driver, { domain, page, place }, word, draw, manner);
  const flush = { scope: "global", did: domain.did, page: 0, mask: 0, leafOnly: false } as const;
  if (manner === "proper") flushIotlb(driver, flush, draw.extra);
};

/** Any word into any table; each third time tables that link each other. */
export const scribbleOrWeb: Command = (driver, draw, manner) =>
  (more(draw, 24) % 3 === 0 ? web : scribble)(driver, draw, manner);
