import { arena } from "./arena.ts";
import type { Domain } from "./belief.ts";
import { domainOf } from "./boot.ts";
import type { Driver, Manner } from "./driver.ts";
import { pick, wordAt, writeWord } from "./driver.ts";
import type { Spot } from "./tables.ts";
import { announce, entryAddress, entryWord, isTable, placeOf, takeTable } from "./tables.ts";

/** The numbers that one command is made from; each command reads them in its own way. */
export interface Draw {
  readonly where: number;
  readonly what: number;
  readonly how: number;
  readonly extra: number;
  readonly word: bigint;
}

/** Further bits that one command is made from: 16 of the word, from a bit on. */
export const more = (draw: Draw, from: number): number =>
  Number((draw.word >> BigInt(from)) & 0xffffn);

/** One kind of thing that a guest, a device or the toolstack does. */
export type Command = (driver: Driver, draw: Draw, manner: Manner) => void;

/** Guest pages that entries may name, those that make sense before those that do not. */
const targets: readonly number[] = [
  ...arena.data,
  ...arena.tables.slice(0, 4),
  arena.huge + 5,
  arena.large[0] + 7,
  arena.high + 7,
  ...arena.spare.slice(0, 2),
  ...arena.reserved,
  arena.queue,
  arena.contexts[0],
  0xfedff,
  0xfee00,
  0xfef00,
  0x8000000,
];
const largeTargets = [
  ...arena.large,
  arena.high,
  ...arena.interrupt,
  arena.huge,
  arena.huge + 512,
  arena.large[0] + 1,
  0,
];
const hugeTargets = [arena.huge, arena.huge + 512, 0xc0000, 0];

/** IOVA pages near the one that is drawn. */
export const pageFrom = (driver: Driver, draw: number): number => {
  const page = pick(driver.pool, draw);
  const away = [0, 0, 0, 0, 0, 0, 0, 1, -1, 511][(draw >> 5) % 10] ?? 0;
  return Math.max(0, page + away);
};

/** A domain that exists, mostly; by draw another one. */
export function someDomain(driver: Driver, draw: number): Domain {
  const known = [...driver.domains.values()];
  return known.length === 0 || draw % 16 === 15
    ? domainOf(driver, 1 + (draw % 4), draw)
    : pick(known, draw);
}

/** Writes a second-stage entry and announces the change. */
export function changeSecond(
  driver: Driver,
  spot: Spot,
  word: bigint,
  draw: Draw,
  manner: Manner,
): void {
  const { place } = spot;
  const old = wordAt(driver, entryAddress(place));
  const flush = manner !== "none" || draw.extra % 2 === 0;
  writeWord(driver, entryAddress(place), word, { flush, torn: draw.extra % 7 === 6 });
  const table = isTable(old, place.level) || isTable(word, place.level);
  announce(driver, spot, table, manner, draw.extra);
}

const permissionsOf = (draw: number): number => pick([3, 3, 3, 1, 2], draw);

/** Maps a page of 4 KiB, 2 MiB or 1 GiB. */
export const map: Command = (driver, draw, manner) => {
  const domain = someDomain(driver, draw.what);
  const level = Math.min(pick([1, 1, 1, 2, 3], draw.how), domain.levels);
  const page = pageFrom(driver, draw.where);
  const known = driver.domains.size;
  const place = placeOf(driver, domain, page, level, true);
  const choices = level === 1 ? targets : level === 2 ? largeTargets : hugeTargets;
  const word = entryWord(pick(choices, draw.extra), permissionsOf(draw.what >> 4), level > 1);
  changeSecond(driver, { domain, page, place }, word, draw, known === 0 ? "proper" : manner);
  driver.mapped.push({ did: domain.did, page });
};

/** Takes an entry out, at any level; by draw its table page is used again for something else. */
export const unmap: Command = (driver, draw, manner) => {
  const domain = someDomain(driver, draw.what);
  const level = pick([1, 1, 1, 2, 3, domain.levels], draw.how);
  const page = pageFrom(driver, draw.where);
  const place = placeOf(driver, domain, page, Math.min(level, domain.levels), false);
  const old = wordAt(driver, entryAddress(place));
  changeSecond(driver, { domain, page, place }, draw.how % 4 === 3 ? old & ~3n : 0n, draw, manner);
  if (!isTable(old, place.level)) return;
  const freed = Number((old >> 12n) & 0xfffffn);
  if ((arena.tables as readonly number[]).includes(freed)) {
    driver.free = draw.extra % 2 === 0 ? [freed, ...driver.free] : [...driver.free, freed];
  }
};

/** Changes the permissions of an entry, leaf or not; by draw one of its upper bits too. */
export const protect: Command = (driver, draw, manner) => {
  const domain = someDomain(driver, draw.what);
  const page = pageFrom(driver, draw.where);
  const place = placeOf(driver, domain, page, 1 + ((draw.how >> 3) % domain.levels), false);
  const old = wordAt(driver, entryAddress(place));
  const upper = draw.how % 2 === 1;
  const other = upper ? old ^ (1n << BigInt(pick([32, 32, 38, 44, 52, 63], draw.what))) : old;
  const kept = upper && draw.extra % 4 > 0 ? other & 3n : BigInt(permissionsOf(draw.extra));
  const word = (other & ~3n) | kept;
  changeSecond(driver, { domain, page, place }, word, draw, manner);
};

/**
 * Puts a table of 512 pages in the place of a superpage, or a superpage in the place of a table.
 */
export const split: Command = (driver, draw, manner) => {
  const domain = someDomain(driver, draw.what);
  const page = pageFrom(driver, draw.where);
  const place = placeOf(driver, domain, page, 2, true);
  const old = wordAt(driver, entryAddress(place));
  if (isTable(old, 2) || (old & 3n) === 0n) {
    const word = entryWord(pick(largeTargets, draw.extra), 3, true);
    changeSecond(driver, { domain, page, place }, word, draw, manner);
    return;
  }
  const table = takeTable(driver);
  const first = Number((old >> 12n) & 0xfffffn);
  for (const index of [0, 1, page % 512, 511]) {
    const away = index === draw.extra % 512 ? 1 : 0;
    const word = entryWord(first + index + away, permissionsOf(draw.how));
    writeWord(driver, table * 4096 + index * 8, word);
  }
  changeSecond(driver, { domain, page, place }, entryWord(table, 3), draw, manner);
};

/** Makes an upper entry name another table page: filled, empty, of another domain, or its own. */
export const relink: Command = (driver, draw, manner) => {
  const domain = someDomain(driver, draw.what);
  const page = pageFrom(driver, draw.where);
  const level = Math.max(2, 1 + (draw.how % domain.levels));
  const place = placeOf(driver, domain, page, level, draw.how % 3 === 0);
  const own = draw.extra % 13 === 12;
  const table = own ? place.table : pick(arena.tables, draw.extra);
  changeSecond(
    driver,
    { domain, page, place },
    entryWord(table, permissionsOf(draw.what >> 4)),
    draw,
    manner,
  );
};

/** Writes any word into any entry of any table page: reserved bits, high addresses, loops. */
export const scribble: Command = (driver, draw) => {
  const table = pick(arena.tables, draw.where);
  const index = pick([0, 1, 2, 3, 503, 511], draw.what);
  const bits = [
    entryWord(pick(arena.tables, draw.extra), 3),
    entryWord(pick(arena.data, draw.extra), 3) | (1n << BigInt(draw.how % 64)),
    entryWord(table, 3),
    draw.word,
    draw.word & 0xfff_ffff_f003n,
    draw.word | 3n,
  ];
  const flush = draw.how % 5 !== 4;
  writeWord(driver, table * 4096 + index * 8, pick(bits, draw.how), { flush });
};
