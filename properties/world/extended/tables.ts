import { ExtendedContextEntry } from "../../../events/context/extended-context-entry.ts";
import { ExtendedPasidEntry } from "../../../events/context/extended-pasid-entry.ts";
import { arena } from "../arena.ts";
import type { Driver } from "../driver.ts";
import { bytesOf, pick, writeBytes, writeWord } from "../driver.ts";
import { writeIdentity } from "../scalable-boot.ts";
import { entryWord } from "../tables.ts";

/** Second-stage tables, from level 4 down; the second set shares the last table of the first. */
export const seconds = [
  { did: 1, tables: [4, 5, 6, 7] },
  { did: 2, tables: [8, 9, 10, 11] },
] as const;

/** First-stage tables, from level 4 down. */
export const firsts = [
  [138, 139, 140, 141],
  [142, 143, 144, 145],
] as const;

/** The PASID tables: of one page each, for PASIDs to 511. */
export const pasidTables = [135, 136] as const;
export const pts = 4;

/** PASIDs that entries are made for, and some that no table has. */
export const pasids = [1, 2, 0, 5, 300] as const;
export const strays = [7, 511, 512, 0xfffff] as const;

/** Pages that first stages translate: in each set those of the first two tables' first entries. */
export const pages = [0, 1, 2, 3, 511, 512, 2 ** 18, 2 ** 35 - 1, 2 ** 52 - 1] as const;

/** Pages that second stages translate. */
export const lower = [24, 25, 26, 138, 141, 135, 511, 512, 600] as const;

/** Where the entry of a page lies in a table of a level. */
export const slotOf = (table: number, level: number, page: number): number =>
  table * 4096 + (Math.floor(page / 512 ** (level - 1)) % 512) * 8;

export const contextAddress = (source: number): number => {
  const table = arena.scalableContexts[source >> 8] ?? arena.scalableContexts[0];
  return table * 4096 + (source & 127) * 32;
};

export const pasidAddress = (table: number, pasid: number): number =>
  table * 4096 + (pasid & 511) * 8;

/** Writes a context entry: the word with P last, or first where it goes. */
export function writeContext(driver: Driver, source: number, word: bigint): void {
  const at = contextAddress(source);
  const parts = [0n, 64n, 128n, 192n].map((from) => BigInt.asUintN(64, word >> from));
  const isPresent = (word & 1n) === 1n;
  if (!isPresent) writeWord(driver, at, parts[0] ?? 0n);
  for (const index of [1, 2, 3]) writeWord(driver, at + index * 8, parts[index] ?? 0n);
  if (isPresent) writeWord(driver, at, parts[0] ?? 0n);
}

/** The domain-id that a source-id's context entry says, as far as the driver knows. */
export function domainOf(driver: Driver, source: number): number {
  const low = driver.words.get(contextAddress(source)) ?? 0n;
  const high = driver.words.get(contextAddress(source) + 8) ?? 0n;
  return (low & 1n) === 1n ? Number((high >> 8n) & 0xffffn) : 0;
}

/** A context entry: mostly one that the unit takes. */
export function contextFrom(driver: Driver, draw: number, more: number): bigint {
  const { profile } = driver;
  const second = pick(seconds, draw);
  const guest = profile.passThrough && profile.pasid;
  const types = [
    0,
    0,
    profile.deviceTlb ? 1 : 0,
    1,
    profile.passThrough ? 2 : 0,
    guest ? 4 : 0,
    5,
    3,
  ];
  const has = (able: boolean, bit: number): boolean => able && ((more >> bit) & 3) !== 0;
  const paside = has(profile.pasid, 0);
  const neste = (profile.nest || draw % 3 === 2) && paside && more % 3 === 0;
  const odd = draw % 29 === 28 ? 1n << BigInt(more % 256) : 0n;
  return (
    odd ^
    ExtendedContextEntry.encode({
      present: draw % 13 !== 12,
      fpd: draw % 11 === 10,
      t: types[(draw >> 3) % (draw % 5 > 2 ? 8 : 4)] ?? 0,
      paside,
      neste,
      pre: has(profile.pageRequests, 2),
      slptptr: BigInt(second.tables[draw % 17 === 16 ? 1 : 0]) << 12n,
      aw: draw % 17 === 16 && profile.levels.has(3) ? 1 : 2,
      did: second.did,
      pge: true,
      nxe: more % 2 === 0,
      wpe: has(true, 4),
      smep: more % 7 === 6,
      eafe: profile.extendedAccessed && more % 5 === 4,
      ere: has(profile.executeRequests, 6),
      slee: profile.executeRequests && more % 23 === 22,
      pts: profile.pasid ? pts : 0,
      pasidptr: profile.pasid ? BigInt(pick(pasidTables, draw >> 6)) << 12n : 0n,
    })
  );
}

/** A PASID entry: mostly one that the unit takes. */
export const pasidFrom = (driver: Driver, draw: number, more: number): bigint =>
  (draw % 23 === 22 ? 1n << BigInt(more % 64) : 0n) ^
  ExtendedPasidEntry.encode({
    present: draw % 7 !== 6,
    sre: driver.profile.supervisorRequests && draw % 3 !== 0,
    flptptr: BigInt(draw % 19 === 18 ? 0x9000 : pick(firsts, draw >> 2)[0]) << 12n,
  });

/** P, R/W and U/S of a first-stage entry, and what may be wrong with it. */
export function firstWord(page: number, draw: number): bigint {
  const flags = [7n, 7n, 7n, 7n, 5n, 3n, 6n, 0x27n, 0x67n, 0x107n][draw % 10] ?? 7n;
  const odd = draw % 37 === 36 ? 1n << BigInt((draw >> 6) % 64) : 0n;
  return ((BigInt(page) << 12n) | flags) ^ odd;
}

/** Writes all tables: root, second stages, first stages, PASID tables. */
export function writeTables(driver: Driver, draws: readonly number[]): void {
  const [root] = arena.scalableRoots;
  for (const [bus, table] of arena.scalableContexts.entries()) {
    const half = (BigInt(table) << 12n) | 1n;
    writeBytes(driver, root * 4096 + bus * 16, bytesOf(half | (half << 64n), 16), true);
  }
  for (const { tables } of seconds) {
    const [four, three, two, one] = tables;
    writeWord(driver, slotOf(four, 4, 0), entryWord(three, 3));
    writeWord(driver, slotOf(three, 3, 0), entryWord(two, 3));
    writeWord(driver, slotOf(two, 2, 0), entryWord(one, 3));
    writeIdentity(driver, one);
  }
  for (const [index, [four, three, two, one]] of firsts.entries()) {
    writeWord(driver, slotOf(four, 4, 0), (BigInt(three) << 12n) | 7n);
    writeWord(driver, slotOf(three, 3, 0), (BigInt(two) << 12n) | 7n);
    writeWord(driver, slotOf(two, 2, 0), (BigInt(one) << 12n) | 7n);
    for (const page of [0, 1, 2]) {
      const data = pick(arena.data, (draws[index] ?? 0) + page);
      writeWord(driver, slotOf(one, 1, page), firstWord(data, draws[page] ?? 0));
    }
  }
  for (const [index, draw] of draws.entries()) {
    const table = pick(pasidTables, index);
    const pasid = pick(pasids, index >> 1);
    writeWord(driver, pasidAddress(table, pasid), pasidFrom(driver, draw % 22, draw >> 8));
  }
}
