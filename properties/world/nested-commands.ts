import { arena } from "./arena.ts";
import type { Binding, Driver } from "./driver.ts";
import { pick, wordAt } from "./driver.ts";
import { ageStage, useStage } from "./first-stage-commands.ts";
import { pageNamed, stagePlaceOf } from "./first-stage-tables.ts";
import type { Command } from "./mapping-commands.ts";
import { changeSecond, more, someDomain } from "./mapping-commands.ts";
import { writeIdentity } from "./scalable-boot.ts";
import { reachesOf, types } from "./scalable-tables.ts";
import { entryAddress, entryWord, placeOf, takeTable } from "./tables.ts";

/** What a nested PASID entry names, if there is one. */
function someNest(driver: Driver, draw: number): Pick<Binding, "domain" | "stage"> {
  const nested = reachesOf(driver, ({ binding }) => binding.pgtt === types.nested);
  const root = arena.firstStage[0] ?? 0;
  if (nested.length === 0) return { domain: someDomain(driver, draw), stage: { root, levels: 4 } };
  const { domain, stage } = pick(nested, draw).binding;
  return { domain, stage };
}

/**
 * Changes how the second stage maps a page that holds first-stage tables or data, or heals it; by
 * draw somebody translates through it before and after.
 */
export const undermine: Command = (driver, draw, manner) => {
  const { domain, stage } = someNest(driver, draw.what);
  const own = driver.scalable.mapped.filter((one) => one.stage.root === stage.root);
  const page = own.length === 0 ? 0 : pick(own, more(draw, 0)).page;
  const leaf = stagePlaceOf(driver, stage, page, 1, false);
  const below = pageNamed(wordAt(driver, entryAddress(leaf)));
  const upper = stagePlaceOf(driver, stage, page, 2, false);
  const pages = [
    stage.root,
    leaf.table,
    leaf.table,
    upper.table,
    below,
    pick(arena.data, more(draw, 0)),
  ];
  const target = pick(pages, draw.where);
  const place = placeOf(driver, domain, target, 1, true);
  const old = wordAt(driver, entryAddress(place));
  const rights = [0, 1, 1, 2, 3, 3, 1];
  const other = pick([...arena.firstStage, 0xfee00, arena.spare[0] ?? 0], draw.extra >> 3);
  const words = [
    entryWord(target, pick(rights, draw.extra)),
    entryWord(target, pick(rights, draw.extra)),
    entryWord(target, 3),
    entryWord(target, 3),
    entryWord(other, 3),
    old | (1n << BigInt(pick([11, 62, 50, 7], draw.extra))),
  ];
  if (draw.extra % 3 === 0) useStage(driver, stage, page, more(draw, 16));
  // A bit that is to be set needs the second stage to let the table be written.
  if (draw.how % 3 === 0) ageStage(driver, draw, manner);
  changeSecond(driver, domain, target, place, pick(words, draw.how), draw, manner);
  if (draw.what % 2 === 0) useStage(driver, stage, page, more(draw, 16));
};

/** Makes the first pages of a domain map to themselves again, with a table or a superpage. */
export const heal: Command = (driver, draw, manner) => {
  const { domain } = someNest(driver, draw.what);
  const place = placeOf(driver, domain, 0, 2, true);
  const large = driver.profile.superpages.m2 && draw.how % 2 === 0;
  const table = large ? 0 : takeTable(driver);
  if (!large) writeIdentity(driver, table);
  const word = entryWord(table, 3, large);
  changeSecond(driver, domain, 0, place, word, draw, manner);
};
