import { arena } from "./arena.ts";
import type { Domain, Driver } from "./driver.ts";
import { pick, wordAt } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { changeSecond, someDomain } from "./mapping-commands.ts";
import { writeIdentity } from "./scalable-boot.ts";
import { reachesOf, types } from "./scalable-tables.ts";
import { entryAddress, entryWord, placeOf, takeTable } from "./tables.ts";

/** The domain of a nested PASID entry, if there is one, and its first-stage root. */
function someNest(
  driver: Driver,
  draw: number,
): { readonly domain: Domain; readonly root: number } {
  const nested = reachesOf(driver, ({ binding }) => binding.pgtt === types.nested);
  if (nested.length === 0)
    return { domain: someDomain(driver, draw), root: arena.firstStage[0] ?? 0 };
  const { domain, stage } = pick(nested, draw).binding;
  return { domain: driver.domains.get(domain.did) ?? domain, root: stage.root };
}

/** Changes how the second stage maps a page that holds first-stage tables or data, or heals it. */
export const undermine: Command = (driver, draw, manner) => {
  const { domain, root } = someNest(driver, draw.what);
  const pages = [root, root, ...driver.used, ...arena.data.slice(0, 8)];
  const page = pick(pages, draw.where);
  const place = placeOf(driver, domain, page, 1, true);
  const old = wordAt(driver, entryAddress(place));
  const rights = [0, 1, 1, 2, 3, 3, 3, 3];
  const other = pick([...arena.firstStage, 0xfee00, arena.spare[0] ?? 0], draw.extra >> 3);
  const words = [
    entryWord(page, pick(rights, draw.extra)),
    entryWord(page, pick(rights, draw.extra)),
    entryWord(page, 3),
    entryWord(other, 3),
    old | (1n << BigInt(pick([11, 62, 50, 7], draw.extra))),
  ];
  changeSecond(driver, domain, page, place, pick(words, draw.how), draw, manner);
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
