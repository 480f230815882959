import { iova, sourceId } from "../../events/address.ts";
import { deviceOf } from "./arena.ts";
import type { Domain } from "./belief.ts";
import { contextAddress } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, wordAt, writeWord } from "./driver.ts";
import { announceStage, canonicalPage, stagePlaceOf } from "./first-stage-tables.ts";
import type { Command } from "./mapping-commands.ts";
import { changeSecond, more } from "./mapping-commands.ts";
import { flushContexts, flushIotlb } from "./queue.ts";
import { useStage } from "./requests.ts";
import type { Reach } from "./scalable-tables.ts";
import { reachesOf, types } from "./scalable-tables.ts";
import { entryAddress, placeOf } from "./tables.ts";

/** Who asks: a device, with a PASID or without. */
type Way = Pick<Reach, "device" | "pasid">;

/** A read of a page through second-stage tables, by one of those that they serve. */
function useSecond(driver: Driver, domain: Domain, page: number, draw: number): void {
  const plain = [...driver.attached]
    .filter(([, did]) => did === domain.did)
    .map(([source]) => ({ device: deviceOf(source), pasid: undefined }));
  const ways: readonly Way[] = driver.isScalable
    ? reachesOf(
        driver,
        ({ binding: { pgtt, domain: own } }) =>
          pgtt === types.secondStage && own.root === domain.root,
      )
    : plain;
  if (ways.length === 0) return;
  const { device, pasid } = pick(ways, draw);
  const rights = pasid === undefined ? {} : { pasid };
  const from = { device: sourceId(device), iova: iova(BigInt(page) << 12n), ...rights };
  emit(driver, { type: "Dma", ...from, access: "read", length: 4 });
}

/**
 * Bits of an entry of a level that are reserved by level, size or capability, and some that never
 * are: PS, snooping, addresses below a page's size and beyond the host's width, ignored ones.
 */
function secondBits(level: number, haw: number): readonly number[] {
  if (level === 1) return [11, haw, 51, 62, 52];
  return level > 3 ? [7, 7, 7, 11, haw, 51] : [7, 11, 12, 20, 29, haw, 51, 62];
}

/**
 * Turns one bit of an entry on the way to a page that is mapped, at any level, and back, properly
 * announced both times, and used after each.
 */
export const spoilSecond: Command = (driver, draw) => {
  const { mapped, domains, profile } = driver;
  if (mapped.length === 0) return;
  const { did, page } = pick(mapped, draw.where);
  const domain = domains.get(did);
  if (domain === undefined) return;
  const level = 1 + (draw.how % domain.levels);
  const place = placeOf(driver, domain, page, level, false);
  const old = wordAt(driver, entryAddress(place));
  if ((old & 3n) === 0n) return;
  const bit = pick(secondBits(place.level, profile.haw), draw.what);
  const plain = { ...draw, extra: 0 };
  for (const word of [old ^ (1n << BigInt(bit)), old]) {
    changeSecond(driver, { domain, page, place }, word, plain, "proper");
    useSecond(driver, domain, page, draw.extra);
  }
};

function firstBits(level: number, haw: number): readonly number[] {
  if (level === 1) return [63, 12, haw, 51, 9, 62];
  return level > 3 ? [7, 7, 63, haw, 51] : [7, 63, 12, 13, 20, 29, haw, 51];
}

/** The same of a first stage. */
export const spoilFirst: Command = (driver, draw) => {
  const { mapped } = driver.scalable;
  if (mapped.length === 0) return;
  const { stage, page } = pick(mapped, draw.where);
  const place = stagePlaceOf(driver, stage, page, 1 + (draw.how % stage.levels), false);
  const old = wordAt(driver, entryAddress(place));
  if ((old & 1n) === 0n) return;
  const bit = pick(firstBits(place.level, driver.profile.haw), draw.what);
  for (const word of [old ^ (1n << BigInt(bit)), old]) {
    writeWord(driver, entryAddress(place), word);
    announceStage(driver, { stage, page, place }, old, "proper", 0);
    useStage(driver, stage, page, more(draw, 16));
  }
};

/** Page numbers that differ from a page in the top bit of one table index, the topmost first. */
const nearMisses = (levels: number, page: number): readonly number[] =>
  Array.from({ length: levels }, (_, index) => {
    const bit = 512 ** (levels - index) / 2;
    return page + (Math.floor(page / bit) % 2 === 0 ? bit : -bit);
  });

/** Uses a page that is mapped, and then those that differ from it in one bit of their address. */
export const missNarrowly: Command = (driver, draw) => {
  const { mapped, domains, scalable } = driver;
  const byFirst = scalable.mapped.length > 0 && (mapped.length === 0 || draw.how % 3 > 0);
  if (byFirst) {
    const { stage, page } = pick(scalable.mapped, draw.where);
    const low = page % 512 ** stage.levels;
    for (const near of [low, ...nearMisses(stage.levels, low)]) {
      useStage(driver, stage, canonicalPage(stage.levels, near), draw.what);
    }
    return;
  }
  if (mapped.length === 0) return;
  const { did, page } = pick(mapped, draw.where);
  const domain = domains.get(did);
  if (domain === undefined) return;
  for (const near of [page, ...nearMisses(domain.levels, page)]) {
    useSecond(driver, domain, near, draw.what);
  }
};

/** Takes a device's context entry out, as a driver that detaches it, and mostly puts it back. */
export const detach: Command = (driver, draw) => {
  const { attached, domains, mapped } = driver;
  if (driver.isScalable || attached.size === 0) return;
  const [source, did] = pick([...attached], draw.where);
  const domain = domains.get(did);
  const address = contextAddress(source);
  const word = wordAt(driver, address);
  if (domain === undefined || (word & 1n) === 0n) return;
  const own = mapped.filter((one) => one.did === did);
  const page = own.length === 0 ? 0 : pick(own, draw.what).page;
  const flush = { scope: "domain", did, page: 0, mask: 0, leafOnly: false } as const;
  writeWord(driver, address, word & ~1n);
  flushContexts(driver, "device", did, source);
  flushIotlb(driver, flush, draw.extra);
  useSecond(driver, domain, page, draw.extra);
  if (draw.extra % 4 === 3) return;
  writeWord(driver, address, word);
  flushContexts(driver, "device", 0, source);
  flushIotlb(driver, flush, draw.extra);
  useSecond(driver, domain, page, draw.extra);
};
