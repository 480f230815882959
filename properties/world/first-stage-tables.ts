import { FirstStageEntry } from "../../events/first-stage/first-stage-entry.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { pagesOfSize } from "../../tables/mapping.ts";
import { arena } from "./arena.ts";
import type { Stage } from "./belief.ts";
import type { Driver, Manner } from "./driver.ts";
import { clearPage, pick, wordAt, writeWord } from "./driver.ts";
import type { Tag } from "./scalable-queue.ts";
import { announceAll, flushDeviceTlbs, pasidIotlbWord, pasidPagesWord } from "./scalable-queue.ts";
import type { Reach } from "./scalable-tables.ts";
import { reachesOf, types } from "./scalable-tables.ts";
import type { Place } from "./tables.ts";
import { entryAddress } from "./tables.ts";

/** Bits of a first-stage entry. */
export const stageBits = masksOf(FirstStageEntry);

/** Present, writable, for everybody. */
export const open = stageBits.present | stageBits.rw | stageBits.us;

export const stageWord = (page: number, bits: bigint): bigint => (BigInt(page) << 12n) | bits;

/** A page number as tables of some levels translate it: bits above are those of the top one. */
export function canonicalPage(levels: number, page: number): number {
  const width = 512 ** levels;
  const low = page % width;
  return low < width / 2 ? low : low + (2 ** 52 - width);
}

const indexAt = (page: number, level: number): number =>
  Math.floor(page / (pagesOfSize[level - 1] as number)) % 512;

/** A page for a first-stage table, cleared; when there is none, one that is in use. */
export function takeStageTable(driver: Driver): number {
  const [page, ...rest] = driver.scalable.free;
  if (page === undefined) {
    driver.steals += 1;
    return pick(arena.firstStage, driver.steals * 5);
  }
  driver.scalable.free = rest;
  if (driver.used.has(page)) clearPage(driver, page);
  driver.used.add(page);
  return page;
}

/** First-stage tables that exist, or by draw new ones. */
export function someStage(driver: Driver, draw: number): Stage {
  const { stages } = driver.scalable;
  if (stages.length > 0 && (draw % 32 !== 31 || stages.length > 5)) return pick(stages, draw);
  const five = driver.profile.firstStage5 && (draw >> 5) % 2 === 0;
  const stage: Stage = { root: takeStageTable(driver), levels: five ? 5 : 4 };
  stages.push(stage);
  return stage;
}

/** Whether a present word at a level names a table. */
export const namesTable = (word: bigint, level: number): boolean =>
  level > 1 && (word & stageBits.present) !== 0n && (level > 3 || (word & stageBits.ps) === 0n);

export const pageNamed = (word: bigint): number => Number((word >> 12n) & 0xff_ffff_ffffn);

/**
 * The place of the entry of `level` for a page; tables on the way that are missing are made when
 * `create`. Under nesting tables are named by IOVA, and written as if the second stage mapped each
 * to itself.
 *
 * @returns the lowest place that exists when it stops above `level`.
 */
export function stagePlaceOf(
  driver: Driver,
  stage: Stage,
  page: number,
  level: number,
  create: boolean,
): Place {
  let table = stage.root;
  for (let at = stage.levels as number; at > level; at--) {
    const place = { table, index: indexAt(page, at), level: at };
    const word = wordAt(driver, entryAddress(place));
    if (namesTable(word, at)) {
      table = pageNamed(word);
      continue;
    }
    if (!create) return place;
    table = takeStageTable(driver);
    writeWord(driver, entryAddress(place), stageWord(table, open));
  }
  return { table, index: indexAt(page, level), level };
}

/** The ways to first-stage tables, alone or nested. */
export const usersOf = (driver: Driver, { root }: Stage): readonly Reach[] =>
  reachesOf(
    driver,
    ({ binding: { pgtt, stage } }) =>
      stage.root === root && (pgtt === types.firstStage || pgtt === types.nested),
  );

/** Each pair of tags once. */
export function tagsOf(users: readonly Reach[]): readonly Tag[] {
  const tags = new Map<number, Tag>();
  for (const { binding, tag } of users) {
    tags.set(binding.did * 2 ** 20 + tag, { did: binding.did, pasid: tag });
  }
  return [...tags.values()];
}

/** An entry of first-stage tables, and a page that it translates. */
export interface StageSpot {
  readonly stage: Stage;
  readonly page: number;
  readonly place: Place;
}

/**
 * Announces that a first-stage entry changed, which one that was not present need not be. `narrow`:
 * one page alone, or leaves alone, of the wrong PASID or of the wrong domain-id.
 */
export function announceStage(
  driver: Driver,
  { stage, page, place }: StageSpot,
  old: bigint,
  manner: Manner,
  draw: number,
): void {
  if (manner === "none" || (old & stageBits.present) === 0n) return;
  const users = usersOf(driver, stage);
  const tags = tagsOf(users);
  const [first] = tags;
  if (first === undefined) return;
  const wide = 9 * (place.level - 1);
  if (manner === "narrow") {
    const words = [
      pasidPagesWord(first, page, 0, true),
      pasidPagesWord(first, page, 0, false),
      pasidIotlbWord({ ...first, pasid: first.pasid + 1 }),
      pasidIotlbWord({ ...first, did: first.did + 1 }),
    ];
    announceAll(driver, [pick(words, draw)], draw);
    return;
  }
  const pages = draw % 3 !== 2;
  const leaf = !namesTable(old, place.level) && draw % 2 === 1;
  const words = tags.map((tag) =>
    pages ? pasidPagesWord(tag, page, wide, leaf) : pasidIotlbWord(tag),
  );
  announceAll(driver, words, draw);
  if (draw % 4 !== 3) flushDeviceTlbs(driver, users, draw >> 2);
}
