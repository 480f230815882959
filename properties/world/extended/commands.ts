import { iova, sourceId } from "../../../events/address.ts";
import type { Access } from "../../../events/input.ts";
import {
  ExtendedGroupResponseDescriptor,
  ExtendedIotlbDescriptor,
  ExtendedPasidCacheDescriptor,
} from "../../../events/queue/extended-layouts.ts";
import { PasidDeviceTlbDescriptor } from "../../../events/queue/scalable-descriptors.ts";
import { at } from "../../../events/registers/offset.ts";
import { arena, deviceSources, requesters } from "../arena.ts";
import type { Driver } from "../driver.ts";
import { bytesOf, emit, pick, writeRegister, writeWord } from "../driver.ts";
import type { Command, Draw } from "../mapping-commands.ts";
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
  strays,
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

const submitAll = (driver: Driver, words: readonly bigint[], draw: number): void =>
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

interface Asked {
  readonly device: ReturnType<typeof sourceId>;
  readonly page: number;
  readonly rights: {
    readonly pasid?: number;
    readonly privileged?: boolean;
    readonly execute?: boolean;
  };
}

/** A request: mostly of a PASID and a page that tables have. */
function someRequest(driver: Driver, draw: Draw): Asked {
  const device = sourceId(pick(deviceSources, draw.where));
  if (draw.what % 3 === 0) {
    const page = pick([...lower, 24, 25, 0xfee00, 2 ** 27, 2 ** 36], draw.what >> 2);
    return { device, page, rights: {} };
  }
  const pasid = draw.what % 11 === 10 ? pick(strays, draw.how) : pick(pasids, draw.what >> 2);
  const page = pick([...pages, 0, 1, 2, 0, 1, 2, 0xfee00, 2 ** 36], draw.where >> 3);
  const { supervisorRequests, executeRequests } = driver.profile;
  const privileged = draw.how % (supervisorRequests ? 3 : 13) === 0;
  const execute = (draw.how >> 4) % (executeRequests ? 4 : 13) === 0;
  return {
    device,
    page,
    rights: { pasid, ...(privileged && { privileged }), ...(execute && { execute }) },
  };
}

const byteOf = (page: number, draw: number) =>
  iova(BigInt.asUintN(64, BigInt(page) << 12n) + BigInt((draw % 64) * 8));

export const dma: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const access: Access = draw.extra % 3 === 0 && rights.execute !== true ? "write" : "read";
  const bytes = access === "write" ? { bytes: bytesOf(draw.word, 8) } : {};
  const common = { device, iova: byteOf(page, draw.extra), access, length: 8, ...rights, ...bytes };
  if (draw.extra % 7 !== 6) {
    emit(driver, { type: "Dma", ...common });
    return;
  }
  emit(driver, { type: "DmaIssue", tag: driver.nextTag, ...common });
  driver.nextTag += 1;
};

export const ats: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const access: Access = draw.extra % 3 === 0 && rights.execute !== true ? "write" : "read";
  const address = byteOf(page, 0);
  emit(driver, { type: "AtsRequest", device, iova: address, access, ...rights });
  if (draw.extra % 2 === 0) return;
  const plain = rights.pasid === undefined ? {} : { pasid: rights.pasid };
  emit(driver, {
    type: "Dma",
    device,
    iova: address,
    access,
    length: 8,
    ...plain,
    translated: true,
  });
};

export const pageRequest: Command = (driver, draw) => {
  const { device, page, rights } = someRequest(driver, draw);
  const group = draw.extra % 6;
  const write = draw.how % 3 === 0;
  const last = draw.what % 4 !== 3;
  emit(driver, {
    type: "PageRequest",
    device,
    iova: byteOf(page, 0),
    ...rights,
    read: true,
    write,
    group,
    last,
  });
  driver.groups.push({ device, pasid: rights.pasid, group });
};

export const pageResponse: Command = (driver, draw) => {
  const known = driver.groups.at(-1 - (draw.where % 3)) ?? driver.groups.at(-1);
  if (known === undefined) return;
  const { pasid } = known;
  const rc = [0, 0, 1, 15, 3][draw.what % 5] ?? 0;
  const word = ExtendedGroupResponseDescriptor.encode({
    ...{ type: 9, pp: pasid !== undefined, rid: known.device, pasid: pasid ?? 0, rc },
    prgi: known.group,
  });
  submitAll(driver, [word], draw.extra);
};

export const pageQueue: Command = (driver, draw) => {
  if (!driver.profile.pageRequests) return;
  if (draw.what % 2 === 0) writeRegister(driver, at.prs, 4, 1n);
  if (draw.what % 3 === 0) writeRegister(driver, at.fsts, 4, 0x80n);
  if (draw.how % 2 === 0) writeRegister(driver, at.pqh, 8, BigInt((draw.extra % 4) * 16));
  if (draw.how % 5 === 4) writeRegister(driver, at.pqt, 8, BigInt(((draw.extra >> 2) % 4) * 16));
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
