import { gpaOfPage, sourceId } from "../../events/address.ts";
import { arena, deviceSources } from "./arena.ts";
import type { Binding, Domain, Stage } from "./belief.ts";
import type { Driver, Manner } from "./driver.ts";
import { emit, pick, wordAt, writeWord } from "./driver.ts";
import { pageNamed, stageBits, stagePlaceOf, tagsOf, usersOf } from "./first-stage-tables.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { changeSecond, more, someDomain } from "./mapping-commands.ts";
import { useStage } from "./requests.ts";
import { writeIdentity } from "./scalable-boot.ts";
import { announceAll, flushDeviceTlbs, pasidIotlbWord } from "./scalable-queue.ts";
import type { Reach } from "./scalable-tables.ts";
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

/** A page of first-stage tables, and the pages that hold the tables on its way. */
interface Way {
  readonly stage: Stage;
  readonly page: number;
  /** The root, the table of the leaf twice, the one above, what the leaf names. */
  readonly pages: readonly number[];
}

/** The way of a page that was mapped; no bit of the two lowest entries says that it was used. */
function someWay(driver: Driver, stage: Stage, draw: Draw): Way {
  const own = driver.scalable.mapped.filter((one) => one.stage.root === stage.root);
  const page = own.length === 0 ? 0 : pick(own, more(draw, 0)).page;
  const places = [1, 2].map((level) => stagePlaceOf(driver, stage, page, level, false));
  const [leaf, upper] = places;
  const tables = [stage.root, ...places.map(({ table }) => table), leaf?.table ?? stage.root];
  const below = leaf === undefined ? 0 : pageNamed(wordAt(driver, entryAddress(leaf)));
  const unused = ~(stageBits.a | stageBits.d | stageBits.ea);
  for (const place of draw.how % 3 === 2 ? [] : [leaf, upper]) {
    if (place === undefined) continue;
    const address = entryAddress(place);
    writeWord(driver, address, wordAt(driver, address) & unused);
  }
  return { stage, page, pages: [...tables, below] };
}

/** Whether a way is through first-stage tables over a domain. */
const isOver =
  ({ root }: Domain) =>
  ({ binding }: Reach): boolean =>
    binding.pgtt === types.nested && binding.domain.root === root;

/**
 * Changes how the second stage maps a page that holds first-stage tables or data, or heals it; by
 * draw somebody translates through it before and after.
 */
export const undermine: Command = (driver, draw, manner) => {
  const { domain, stage } = someNest(driver, draw.what);
  const { page, pages } = someWay(driver, stage, draw);
  const target = pick(pages, draw.where);
  const place = placeOf(driver, domain, target, 1, true);
  const old = wordAt(driver, entryAddress(place));
  const rights = [0, 1, 1, 2, 3, 3, 1];
  const other = pick([...arena.firstStage, 0xfee00, arena.spare[0] ?? 0], draw.extra >> 3);
  const words = [
    entryWord(target, pick(rights, draw.extra)),
    entryWord(target, pick(rights, draw.extra)),
    entryWord(target, 3),
    entryWord(other, 3),
    old | (1n << BigInt(pick([11, 62, 50, 7], draw.extra))),
  ];
  if (draw.extra % 3 === 0) useStage(driver, stage, page, more(draw, 16), isOver(domain));
  changeSecond(driver, { domain, page: target, place }, pick(words, draw.how), draw, manner);
  if (draw.what % 4 !== 3) useStage(driver, stage, page, more(draw, 16), isOver(domain));
  if (draw.extra % 2 === 0) return;
  changeSecond(driver, { domain, page: target, place }, entryWord(target, 3), draw, manner);
};

/** The toolstack changes the P2M of a page of tables of either stage, and mostly back. */
export const undermineHost: Command = (driver, draw) => {
  const { domain, stage } = someNest(driver, draw.what);
  const { page, pages } = someWay(driver, stage, draw);
  const below = placeOf(driver, domain, page, 1, false).table;
  const gpa = gpaOfPage(pick([...pages, domain.root, below, domain.root], draw.where));
  const range = { gpa, length: 4096n };
  const grants = [
    { read: true, write: false },
    { read: false, write: false },
    { read: false, write: true },
    { read: true, write: false },
  ];
  const user = { device: sourceId(pick(deviceSources, draw.extra)), pasid: undefined };
  emit(driver, { type: "P2mProtect", ...range, ...pick(grants, draw.how) });
  announceAll(driver, tagsOf(usersOf(driver, stage)).map(pasidIotlbWord), draw.extra);
  useStage(driver, stage, page, more(draw, 16));
  if (draw.extra % 8 === 7) flushDeviceTlbs(driver, [user], draw.extra);
  if (draw.extra % 4 !== 3) emit(driver, { type: "P2mProtect", ...range, read: true, write: true });
};

/** Makes the first pages of a domain map to themselves again, with a table or a superpage. */
export const heal: Command = (driver, draw, manner) =>
  healDomain(driver, someNest(driver, draw.what).domain, draw, manner);

/** The same of one domain; `how` of a draw says whether it may be with a superpage. */
export function healDomain(driver: Driver, domain: Domain, draw: Draw, manner: Manner): void {
  const place = placeOf(driver, domain, 0, 2, true);
  const large = driver.profile.superpages.m2 && draw.how % 2 === 0;
  const table = large ? 0 : takeTable(driver);
  if (!large) writeIdentity(driver, table);
  const word = entryWord(table, 3, large);
  changeSecond(driver, { domain, page: 0, place }, word, draw, manner);
}
