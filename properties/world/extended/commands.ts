import { sourceId } from "../../../events/address.ts";
import {
  ExtendedIotlbDescriptor,
  ExtendedPasidCacheDescriptor,
} from "../../../events/queue/extended-layouts.ts";
import { PasidDeviceTlbDescriptor } from "../../../events/queue/scalable-descriptors.ts";
import { at } from "../../../events/registers/offset.ts";
import { arena, deviceSources, requesters } from "../arena.ts";
import type { Driver } from "../driver.ts";
import { emit, pick, writeRegister, writeWord } from "../driver.ts";
import type { Command } from "../mapping-commands.ts";
import { more } from "../mapping-commands.ts";
import { contextWord, deviceTlbWord, iotlbWord, submit, waitWord } from "../queue.ts";
import { entryWord } from "../tables.ts";
import {
  contextFrom,
  domainOf,
  firsts,
  firstWord,
  lower,
  pages,
  pasidAddress,
  pasidFrom,
  pasids,
  pasidTables,
  seconds,
  slotOf,
  writeContext,
} from "./tables.ts";

const cache = ExtendedPasidCacheDescriptor.fields.g.names;
const iotlb = ExtendedIotlbDescriptor.fields.g.names;
const allDomains = [1, 2] as const;

export const pasidsWord = (did: number, pasid?: number): bigint =>
  ExtendedPasidCacheDescriptor.encode({
    type: 7,
    g: pasid === undefined ? cache.domain : cache.pasid,
    did,
    pasid: pasid ?? 0,
  });

export const firstsWord = (fields: Parameters<typeof ExtendedIotlbDescriptor.encode>[0]): bigint =>
  ExtendedIotlbDescriptor.encode({ type: 6, ...fields });

const secondsWord = (did: number, page?: number, mask = 0, leafOnly = false): bigint =>
  iotlbWord({
    ...{ scope: page === undefined ? "domain" : "page", did, page: page ?? 0, mask, leafOnly },
  });

/** Submits descriptors, and a wait behind them. */
export const submitAll = (driver: Driver, words: readonly bigint[], draw: number): void =>
  submit(driver, [...words, waitWord(draw, draw)]);

/** Changes a context entry, and says so as Linux does. */
export const context: Command = (driver, draw, manner) => {
  const source = pick(requesters, draw.where);
  const before = domainOf(driver, source);
  writeContext(driver, source, contextFrom(driver, draw.what, draw.how));
  const after = domainOf(driver, source);
  if (manner === "none") return;
  const dids = [...new Set([before, after, 0])];
  const contexts = dids.map((did) => contextWord("device", did, source, 0));
  if (manner === "narrow") {
    submitAll(driver, contexts.slice(0, 1), draw.extra);
    return;
  }
  const rest = allDomains.flatMap((did) => [pasidsWord(did), secondsWord(did)]);
  submitAll(driver, [...contexts, ...rest], draw.extra);
};

/** Binds a PASID to a first stage, or unbinds it. */
export const bind: Command = (driver, draw, manner) => {
  const pasid = pick(pasids, draw.where);
  const word = pasidFrom(driver, draw.what, draw.how);
  writeWord(driver, pasidAddress(pick(pasidTables, draw.extra), pasid), word);
  if (manner === "none") return;
  const own = allDomains.map((did) => pasidsWord(did, pasid));
  const all = allDomains.map((did) => firstsWord({ g: iotlb.pasid, did, pasid }));
  submitAll(driver, manner === "narrow" ? own.slice(0, 1) : [...own, ...all], draw.extra);
};

/** Changes an entry of a first stage. */
export const first: Command = (driver, draw, manner) => {
  const tables = pick(firsts, draw.where);
  const level = draw.how % 7 === 6 ? 2 + (draw.how % 3) : 1;
  const page = pick(pages, draw.where >> 4);
  const table = tables[4 - level] ?? tables[3];
  const next =
    level > 1 && draw.what % 3 !== 0 ? (tables[5 - level] ?? 0) : pick(arena.data, draw.what);
  writeWord(driver, slotOf(table, level, page), firstWord(next, draw.extra));
  if (manner === "none") return;
  for (const did of manner === "narrow" ? [1] : allDomains) {
    const words =
      draw.extra % 3 === 0
        ? [firstsWord({ g: pick([iotlb.all, iotlb.nonGlobal], draw.how), did })]
        : pasids.map((pasid) => {
            const isPage = level === 1 && draw.extra % 3 === 1;
            const addr = BigInt.asUintN(64, BigInt(page) << 12n);
            const base = { g: isPage ? iotlb.page : iotlb.pasid, did, pasid };
            return firstsWord(isPage ? { ...base, addr, ih: draw.what % 2 === 0 } : base);
          });
    submitAll(driver, words, draw.extra);
  }
};

/** Changes an entry of a second stage. */
export const second: Command = (driver, draw, manner) => {
  const { did, tables } = pick(seconds, draw.where);
  const page = pick(lower, draw.where >> 3);
  const level = draw.how % 9 === 8 ? 2 : 1;
  const table = level === 1 ? tables[3] : tables[2];
  const to =
    level === 2 && draw.what % 2 === 0 ? tables[3] : pick([...arena.data, page], draw.what);
  const odd = draw.extra % 31 === 30 ? 1n << BigInt(draw.what % 64) : 0n;
  writeWord(
    driver,
    slotOf(table, level, page),
    entryWord(to, [3, 3, 1, 2, 0][draw.extra % 5] ?? 3) ^ odd,
  );
  if (manner === "none") return;
  const isPage = driver.profile.psi && (manner === "narrow" || level === 1);
  const word = isPage ? secondsWord(did, page, 0, manner === "narrow") : secondsWord(did);
  const nested = pasidsWord(did);
  submitAll(driver, manner === "narrow" ? [word] : [word, nested], draw.extra);
};

/** Devices are asked to forget, and answer. */
export const deviceTlb: Command = (driver, draw) => {
  if (!driver.profile.deviceTlb) return;
  const source = pick(requesters, draw.where);
  const pasid = pick(pasids, draw.what);
  const page = BigInt.asUintN(64, BigInt(pick(pages, draw.what >> 4)) << 12n);
  const word = PasidDeviceTlbDescriptor.encode({
    ...{ type: 8, sid: source, pasid, g: draw.how % 4 === 3, s: draw.how % 2 === 0, addr: page },
  });
  const isPlain = draw.extra % 2 === 0 || !driver.profile.pasid;
  submitAll(driver, [isPlain ? deviceTlbWord(source) : word], draw.extra);
  if (draw.extra % 5 === 4) return;
  emit(driver, {
    type: "DeviceTlbAnswer",
    device: sourceId(pick(deviceSources, draw.where)),
    result: "done",
  });
};

/** Descriptors with any bits. */
export const oddDescriptor: Command = (driver, draw) => {
  const type = BigInt(1 + (draw.what % 11));
  const usual = [
    contextWord("global", 0, 0, 0),
    iotlbWord({ scope: "global", did: 0, page: 0, mask: 0, leafOnly: false }),
    pasidsWord(1),
    firstsWord({ g: 1, did: 1 }),
  ];
  const word =
    draw.how % 3 === 0
      ? (draw.word << 4n) | type
      : pick(usual, draw.how) | (draw.how % 3 === 1 ? 1n << BigInt(more(draw, 16) % 128) : 0n);
  submit(driver, [word]);
  if (draw.extra % 3 !== 0) writeRegister(driver, at.fsts, 4, 0x70n);
};

/** Everything is announced at once. */
export const announceAll: Command = (driver, draw) => {
  const iotlbs = iotlbWord({ scope: "global", did: 0, page: 0, mask: 0, leafOnly: false });
  const contexts = contextWord("global", 0, 0, 0);
  submitAll(driver, [contexts, ...allDomains.map((did) => pasidsWord(did)), iotlbs], draw.extra);
};
