import { arena } from "./arena.ts";
import type { Stage } from "./belief.ts";
import type { Driver, Manner } from "./driver.ts";
import { pick, wordAt, writeWord } from "./driver.ts";
import type { StageSpot } from "./first-stage-tables.ts";
import {
  announceStage,
  canonicalPage,
  namesTable,
  open,
  pageNamed,
  someStage,
  stageBits,
  stagePlaceOf,
  stageWord,
  takeStageTable,
} from "./first-stage-tables.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more, pageFrom } from "./mapping-commands.ts";
import { useStage } from "./requests.ts";
import { entryAddress } from "./tables.ts";

/** Pages that entries may name: what a second stage maps to itself, then what is odd. */
const targets: readonly number[] = [
  ...arena.data,
  ...arena.data,
  ...arena.firstStage.slice(0, 4),
  ...arena.pasidTables,
  arena.directories[0],
  arena.scalableContexts[0],
  arena.huge + 5,
  arena.large[0] + 7,
  ...arena.spare.slice(0, 2),
  0xfee00,
  0xfee01,
  0xfef00,
  2 ** 27,
  2 ** 36,
  2 ** 40 - 1,
];
const largeTargets = [...arena.large, arena.large[0], arena.interrupt[1], arena.huge, 0, 0];
const hugeTargets = [arena.huge, arena.huge, 0, 0xc0000];
const odds = [9, 10, 11, 52, 62, 8, 3, 51, 45];

/** A page that tables translate, or rarely one that is not canonical. */
export const stagePage = (driver: Driver, stage: Stage, draw: number): number =>
  canonicalPage(stage.levels, pageFrom(driver, draw));

/** Some page that was mapped at some time, and its tables. */
function someMapped(driver: Driver, draw: Draw): { readonly stage: Stage; readonly page: number } {
  const { mapped } = driver.scalable;
  const used = mapped.filter(({ page }) => driver.recent.some((one) => one.page === page));
  if (used.length > 0 && draw.where % 2 === 0) return pick(used, draw.where >> 3);
  if (mapped.length > 0 && draw.where % 8 !== 7) return pick(mapped, draw.where >> 3);
  const stage = someStage(driver, draw.what);
  return { stage, page: stagePage(driver, stage, draw.where >> 3) };
}

/** Writes an entry and announces the change; by draw the page is used before and after. */
function change(
  driver: Driver,
  { stage, page, place }: StageSpot,
  word: bigint,
  draw: Draw,
  manner: Manner,
): void {
  const old = wordAt(driver, entryAddress(place));
  const uses = more(draw, 40) % 4;
  if (uses === 0) useStage(driver, stage, page, more(draw, 42));
  const flush = manner !== "none" || draw.extra % 2 === 0;
  writeWord(driver, entryAddress(place), word, { flush, torn: draw.extra % 7 === 6 });
  announceStage(driver, { stage, page, place }, old, manner, more(draw, 16));
  if (uses < 2) useStage(driver, stage, page, more(draw, 42));
}

/** Permissions and ignored bits of an entry, and rarely a reserved one. */
function bitsOf(draw: number): bigint {
  let bits = stageBits.present;
  if (draw % 5 !== 4) bits |= stageBits.rw;
  if ((draw >> 3) % 7 !== 6) bits |= stageBits.us;
  if ((draw >> 6) % 6 === 5) bits |= stageBits.xd;
  if ((draw >> 6) % 3 === 0) bits |= stageBits.a;
  if ((draw >> 8) % 5 === 0) bits |= stageBits.d | stageBits.a;
  if ((draw >> 8) % 7 === 6) bits |= 1n << BigInt(pick(odds, draw));
  return bits;
}

/** Maps a page of 4 KiB, 2 MiB or 1 GiB. */
export const mapStage: Command = (driver, draw, manner) => {
  const stage = someStage(driver, draw.what);
  const level = pick([1, 1, 1, 1, 2, 3], draw.how);
  const page = stagePage(driver, stage, draw.where);
  const place = stagePlaceOf(driver, stage, page, level, true);
  const choices = level === 1 ? targets : level === 2 ? largeTargets : hugeTargets;
  const large = level === 1 ? 0n : stageBits.ps;
  const odd = level > 1 && draw.extra % 13 === 12 ? 1 : 0;
  const word = stageWord(pick(choices, draw.extra) + odd, bitsOf(draw.what >> 4) | large);
  driver.scalable.mapped.push({ stage, page });
  change(driver, { stage, page, place }, word, draw, manner);
};

/** Takes an entry out, at any level; by draw its table page is used again for something else. */
export const unmapStage: Command = (driver, draw, manner) => {
  const { stage, page } = someMapped(driver, draw);
  const level = pick([1, 1, 1, 1, 2, 3, stage.levels], draw.how);
  const place = stagePlaceOf(driver, stage, page, level, false);
  const old = wordAt(driver, entryAddress(place));
  change(driver, { stage, page, place }, draw.how % 4 === 3 ? old & ~1n : 0n, draw, manner);
  const freed = pageNamed(old);
  if (!namesTable(old, place.level) || !(arena.firstStage as readonly number[]).includes(freed)) {
    return;
  }
  const { free } = driver.scalable;
  driver.scalable.free = draw.extra % 2 === 0 ? [freed, ...free] : [...free, freed];
};

/** Changes the rights of an entry, leaf or not, or where it leads; or gives them back. */
export const protectStage: Command = (driver, draw, manner) => {
  const { stage, page } = someMapped(driver, draw);
  const level = pick([1, 1, 1, 2, 3, stage.levels], draw.how);
  const place = stagePlaceOf(driver, stage, page, level, false);
  const old = wordAt(driver, entryAddress(place));
  const one = pick([1, 2, 2, 63, 12, 13, 32, 7, 10], draw.extra);
  const word = draw.what % 3 === 2 ? old | open : old ^ (1n << BigInt(one));
  change(driver, { stage, page, place }, word | stageBits.present, draw, manner);
};

/** Puts a table in the place of a superpage, or a superpage in the place of a table. */
export const splitStage: Command = (driver, draw, manner) => {
  const { stage, page } = someMapped(driver, draw);
  const place = stagePlaceOf(driver, stage, page, 2, true);
  const old = wordAt(driver, entryAddress(place));
  if (namesTable(old, 2) || (old & stageBits.present) === 0n) {
    const word = stageWord(pick(largeTargets, draw.extra), open | stageBits.ps);
    change(driver, { stage, page, place }, word, draw, manner);
    return;
  }
  const table = takeStageTable(driver);
  const first = pageNamed(old);
  for (const index of [0, 1, page % 512]) {
    const away = index === draw.extra % 512 ? 1 : 0;
    writeWord(driver, table * 4096 + index * 8, stageWord(first + index + away, open));
  }
  change(driver, { stage, page, place }, stageWord(table, open), draw, manner);
};

/** Makes an upper entry name another table: filled, empty, of others, its own, unreadable. */
export const relinkStage: Command = (driver, draw, manner) => {
  const { stage, page } = someMapped(driver, draw);
  const level = Math.max(2, 1 + (draw.how % stage.levels));
  const place = stagePlaceOf(driver, stage, page, level, draw.how % 3 === 0);
  const old = wordAt(driver, entryAddress(place));
  const others = [place.table, arena.spare[0], arena.tables[1], 2 ** 27, 2 ** 36, 2 ** 40 - 2];
  const odd = draw.extra % 5 === 4 ? pick(others, draw.extra >> 4) : undefined;
  const table = odd ?? pick(arena.firstStage, draw.extra >> 2);
  const word = stageWord(table ?? 0, (old & 6n) === 0n ? open : (old & 6n) | 1n);
  change(driver, { stage, page, place }, word, draw, manner);
};

/** Clears accessed and dirty bits, announced or not, by writing an entry as it was. */
export const ageStage: Command = (driver, draw, manner) => {
  const { stage, page } = someMapped(driver, draw);
  const level = 1 + (draw.how % stage.levels);
  const place = stagePlaceOf(driver, stage, page, level, false);
  const old = wordAt(driver, entryAddress(place));
  const cleared = old & ~(stageBits.a | stageBits.d | stageBits.ea);
  change(driver, { stage, page, place }, cleared, draw, draw.what % 2 === 0 ? manner : "none");
};

/** Writes any word into any entry of any first-stage table. */
export const scribbleStage: Command = (driver, draw) => {
  const table = pick(arena.firstStage, draw.where);
  const index = pick([0, 1, 2, 3, 256, 503, 511], draw.what);
  const words = [
    stageWord(pick(arena.firstStage, draw.extra), open),
    stageWord(pick(arena.data, draw.extra), open) | (1n << BigInt(draw.how % 64)),
    stageWord(table, open),
    draw.word,
    (draw.word & 0x8000_00ff_ffff_f067n) | 1n,
  ];
  const flush = draw.how % 5 !== 4;
  writeWord(driver, table * 4096 + index * 8, pick(words, draw.how), { flush });
};
