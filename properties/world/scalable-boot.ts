import { PasidDirectoryEntry } from "../../events/context/pasid-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { ScalableRootEntry } from "../../events/context/scalable-root-entry.ts";
import type { Profile } from "../../events/profile/profile.ts";
import { arena, requesters, scalablePages } from "./arena.ts";
import type { Domain } from "./belief.ts";
import { bindingFrom } from "./bindings.ts";
import type { BootPlan } from "./boot.ts";
import { domainOf } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, pick, writeBytes, writeWord } from "./driver.ts";
import { canonicalPage, open, someStage, stagePlaceOf, stageWord } from "./first-stage-tables.ts";
import type { ScalableContext } from "./scalable-tables.ts";
import {
  bindingWord,
  contextWordOf,
  directoryAddress,
  scalableContextAddress,
  writeWhole,
  writeWords,
} from "./scalable-tables.ts";
import { entryAddress, entryWord, placeOf, takeTable } from "./tables.ts";

/** Pages that the tables of nested translations and their data lie in. */
const identical = scalablePages.first + scalablePages.count;

/** Tables are where they seem to be; pages of data change places in pairs, to be told apart. */
const placeOfPage = (page: number): number =>
  (arena.data as readonly number[]).includes(page) ? page ^ 1 : page;

const identity = Array.from({ length: identical }, (_, page) => entryWord(placeOfPage(page), 3));
const identityBytes = Uint8Array.from(identity.flatMap((word) => [...bytesOf(word, 8)]));

/** Fills a page with second-stage entries that map the first pages to themselves, or nearly. */
export function writeIdentity(driver: Driver, table: number): void {
  for (const [page, word] of identity.entries()) driver.words.set(table * 4096 + page * 8, word);
  writeBytes(driver, table * 4096, identityBytes, true);
}

/** Maps the pages of tables and data to themselves in a domain, so that nested walks succeed. */
function identify(driver: Driver, domain: Domain, draw: number): void {
  const { m2 } = driver.profile.superpages;
  const place = placeOf(driver, domain, 0, 2, true);
  const large = m2 && draw % 4 === 0;
  const table = large ? 0 : takeTable(driver);
  if (!large) writeIdentity(driver, table);
  writeWord(driver, entryAddress(place), entryWord(table, 3, large));
  for (const index of m2 ? [1, 2] : []) {
    const next = { ...place, index };
    writeWord(driver, entryAddress(next), entryWord(index * 512, 3, true));
  }
  const { did } = domain;
  for (const page of [24, 25, 30, 130, 135]) driver.mapped.push({ did, page });
}

/** Flags of a context entry that a unit knows; by draw one of them is left out. */
export function contextFlags(profile: Profile, draw: number): bigint {
  const { mask } = ScalableContextEntry;
  const usual =
    (profile.deviceTlb ? mask("dte") : 0n) |
    (profile.pasid ? mask("paside") : 0n) |
    (profile.pageRequests ? mask("pre") : 0n);
  const priv = profile.ridPriv && draw % 4 === 3 ? mask("ridPriv") : 0n;
  const fpd = (draw >> 2) % 8 === 7 ? mask("fpd") : 0n;
  const without = pick(["dte", "paside", "pre"] as const, draw >> 8);
  return ((draw >> 5) % 8 === 7 ? usual & ~mask(without) : usual) | priv | fpd;
}

/** Writes a context entry: the word with P last. */
export function writeScalableContext(
  driver: Driver,
  source: number,
  context: ScalableContext,
): void {
  const word = contextWordOf(context);
  writeWords(driver, scalableContextAddress(source), word, {
    count: 4,
    firstLast: context.present,
  });
  const { directory, ridPasid } = context;
  driver.scalable.contexts.set(source, { directory, ridPasid });
}

/** The two halves of a bus's root entry. */
export function rootWordOf(bus: number): bigint {
  const table = BigInt(pick(arena.scalableContexts, bus)) << 12n;
  return ScalableRootEntry.encode({ lp: true, lctp: table, up: true, uctp: table });
}

/** Which table each directory has for PASIDs from 0, 64 and 256 on; some serve both. */
const linked = [
  [0, 0, 0],
  [0, 64, 1],
  [0, 256, 2],
  [1, 0, 2],
  [1, 64, 0],
] as const;

/** Directory and PASID of the entries that are written at boot. */
const first = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
  [0, 64],
  [0, 2],
  [0, 300],
  [0, 63],
] as const;

function writeBindings(driver: Driver, draws: readonly number[]): void {
  const { bindings } = driver.scalable;
  for (const [index, [which, pasid]] of first.entries()) {
    const draw = draws[index];
    if (draw === undefined) return;
    const table = linked.find(([at, from]) => at === which && from === (pasid & ~63));
    const place = arena.pasidTables[table?.[2] ?? 0] ?? 0;
    const address = place * 4096 + (pasid & 63) * 64;
    const next = draws[(index + 1) % draws.length] ?? draw;
    const binding = bindingFrom(driver, [draw, next ^ (draw >> 4), next], 1);
    bindings.set(address, binding);
    writeWhole(driver, address, bindingWord(binding), 8);
  }
}

/** Maps some pages of each set of first-stage tables before anybody uses them. */
function fillStages(driver: Driver, draws: readonly number[]): void {
  for (const [index, draw] of draws.entries()) {
    const stage = someStage(driver, index % 2);
    const page = canonicalPage(stage.levels, pick(driver.pool, draw));
    const place = stagePlaceOf(driver, stage, page, 1, true);
    const bits = draw % 4 === 3 ? open & ~2n : open;
    writeWord(driver, entryAddress(place), stageWord(pick(arena.data, draw >> 3), bits));
    driver.scalable.mapped.push({ stage, page });
  }
}

/** Writes all tables of scalable mode. */
export function writeScalable(driver: Driver, { domains, bindings }: BootPlan): void {
  const { profile, scalable } = driver;
  const [root, otherRoot] = arena.scalableRoots;
  const roots = [0, 1, 2].reduce((all, bus) => all | (rootWordOf(bus) << BigInt(bus * 128)), 0n);
  for (const page of [root, otherRoot]) writeWhole(driver, page * 4096, roots, 6);
  for (const [which, pasid, table] of linked) {
    const smptblptr = BigInt(arena.pasidTables[table]) << 12n;
    const word = PasidDirectoryEntry.encode({ present: true, smptblptr });
    writeWord(driver, directoryAddress(arena.directories[which], pasid), word);
  }
  const [draw = 0, other = 0] = domains;
  const dids = other % 2 === 0 ? [1, 2] : [1];
  for (const did of profile.ssts || profile.nest ? dids : []) {
    identify(driver, domainOf(driver, did, draw >> did), draw >> 4);
  }
  while (scalable.stages.length < 2) someStage(driver, 31 + 32 * (draw >> 8));
  writeBindings(driver, bindings);
  fillStages(driver, bindings.slice(0, 5));
  for (const [index, source] of requesters.entries()) {
    const at = domains[index] ?? 0;
    if (at % 16 === 15) continue;
    const directory = pick(arena.directories, index === 4 ? at : index >> 1);
    const ridPasid = profile.ridPasid ? pick([0, 0, 1, 1, 0, 0, 2, 0x1fff], at >> 5) : 0;
    const bits = contextFlags(profile, at >> 4);
    const context = { present: true, directory, pdts: at % 2, ridPasid, bits };
    writeScalableContext(driver, source, context);
  }
}
