// Length: one list of scenarios, each on its own.

import { gpa, gpaOfPage, hpaOfPage, iova, sourceId } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { Fsts } from "../../events/registers/event-line.ts";
import { at } from "../../events/registers/offset.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import { arena, deviceSources, frames, sources } from "./arena.ts";
import { command, commandBits } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, writeRegister, writeWord } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { changeSecond, someDomain } from "./mapping-commands.ts";
import {
  deviceTlbWord,
  flushIotlb,
  moveTail,
  queueBytes,
  submit,
  usesQueue,
  waitWord,
} from "./queue.ts";
import { entryAddress, entryWord, placeOf, takeTable } from "./tables.ts";

const { iqe, ice, ite } = masksOf(Fsts);

/** A DMA of some bytes of a page, without PASID. */
function use(driver: Driver, device: number, page: number, access: Access): void {
  const address = iova(BigInt(page) << 12n);
  emit(driver, { type: "Dma", device: sourceId(device), iova: address, access, length: 8 });
}

/** Devices whose requests a domain translates in legacy mode, as far as the driver knows. */
function devicesOf(driver: Driver, did: number): readonly number[] {
  const own = [...driver.attached].flatMap(([source, domain]) =>
    domain !== did ? [] : [source === sources.bridge ? sources.behindBridge : source],
  );
  return own.length === 0 ? deviceSources : own;
}

/** A descriptor of a type that there is not. */
const badDescriptor = 0xfn;

/**
 * The queue halts at a descriptor while a device owes an answer, which does not come: two errors
 * stand. Software mends the descriptor, and clears one of them before the other.
 */
const haltedTwice: Command = (driver, draw) => {
  const device = sourceId(sources.otherBus);
  submit(driver, [deviceTlbWord(device), badDescriptor]);
  emit(driver, { type: "InvalidationTimeout" });
  const [early, late] = draw.how % 4 < 2 ? [iqe, ite] : [ite, iqe];
  writeRegister(driver, at.fsts, 4, early);
  driver.tail = (driver.tail + queueBytes - driver.step) % queueBytes;
  submit(driver, [waitWord(12, 12), waitWord(13, 13)]);
  writeRegister(driver, at.fsts, 4, late);
};

/** Two errors of the queue stand, and software clears one of them before the other. */
export const twoErrors: Command = (driver, draw, manner) => {
  if (!usesQueue(driver)) return;
  const [first, other] = [sources.first, sources.otherBus].map(sourceId);
  if (first === undefined || other === undefined) return;
  emit(driver, { type: "InvalidationTimeout" });
  writeRegister(driver, at.fsts, 4, iqe | ice | ite);
  const asks = driver.profile.deviceTlb;
  if (asks && draw.how % 2 === 0) {
    haltedTwice(driver, draw, manner);
    return;
  }
  if (asks) submit(driver, [deviceTlbWord(other)]);
  emit(driver, { type: "DeviceTlbAnswer", device: first, result: "done" });
  if (asks) emit(driver, { type: "InvalidationTimeout" });
  const [early, late] = draw.how % 4 < 2 ? [ice, ite] : [ite, ice];
  writeRegister(driver, at.fsts, 4, early);
  submit(driver, [waitWord(11, 11)]);
  writeRegister(driver, at.fsts, 4, late);
  writeRegister(driver, at.fsts, 4, iqe | ice | ite);
};

/** A tail in the middle of a wide descriptor, one short of the end, and back. */
export const oddTails: Command = (driver, draw) => {
  if (!usesQueue(driver) || driver.step !== 32) return;
  const { tail } = driver;
  writeRegister(driver, at.iqt, 8, BigInt((tail + pick([16, 48, 16], draw.how)) % queueBytes));
  moveTail(driver);
  writeRegister(driver, at.fsts, 4, iqe | ice | ite);
};

/** A page of a domain, written with some rights at a level, and announced as it must be. */
function place(driver: Driver, draw: Draw, page: number, word: bigint, level: number) {
  const domain = someDomain(driver, draw.what);
  const spot = { domain, page, place: placeOf(driver, domain, page, level, true) };
  changeSecond(driver, spot, word, draw, "proper");
  driver.mapped.push({ did: domain.did, page });
  return domain.did;
}

/** A table is linked in two places with other rights, which are announced together, and used. */
export const linkedTwice: Command = (driver, draw) => {
  const domain = someDomain(driver, draw.what);
  const page = pick(driver.pool, draw.where);
  const beside = Math.floor(page / 512) % 2 === 0 ? page + 512 : page - 512;
  const table = takeTable(driver);
  const word = entryWord(pick(arena.data, draw.extra), 3);
  writeWord(driver, table * 4096 + (page % 512) * 8, word);
  const rights = pick(
    [
      [3, 1],
      [1, 3],
      [2, 3],
      [1, 2],
    ] as const,
    draw.how,
  );
  for (const [index, each] of [page, beside].entries()) {
    const spot = placeOf(driver, domain, each, 2, true);
    writeWord(driver, entryAddress(spot), entryWord(table, rights[index] ?? 3));
  }
  const { did } = domain;
  flushIotlb(driver, { scope: "domain", did, page: 0, mask: 0, leafOnly: false }, draw.extra);
  for (const source of devicesOf(driver, did).slice(0, 2)) {
    for (const access of ["read", "write"] as const) {
      for (const each of [page, beside]) use(driver, source, each, access);
    }
  }
};

/** A device asks for pages that it may read, or write, alone, and uses what it is given. */
export const askForLess: Command = (driver, draw) => {
  if (!driver.profile.deviceTlb) return;
  const page = pick(driver.pool, draw.where);
  const rights = pick([1, 1, 2, 3], draw.how);
  const did = place(driver, draw, page, entryWord(pick(arena.data, draw.extra), rights), 1);
  for (const source of devicesOf(driver, did).slice(0, 2)) {
    const device = sourceId(source);
    const address = iova(BigInt(page) << 12n);
    for (const access of ["write", "read"] as const) {
      emit(driver, { type: "AtsRequest", device, iova: address, access });
      const dma = { device, iova: address, access, length: 4, translated: true };
      emit(driver, { type: "Dma", ...dma });
    }
  }
};

/** A page that some device asked for, to keep; or one that is mapped. */
function someHeld(driver: Driver, draw: Draw) {
  const { requested, mapped } = driver;
  const [asked] = requested.length > 0 ? [pick(requested, draw.where)] : [];
  if (asked !== undefined) return asked;
  const { did, page } = mapped.length > 0 ? pick(mapped, draw.where) : { did: 1, page: 0 };
  return { device: pick(devicesOf(driver, did), draw.what), page, pasid: undefined };
}

/** A device uses the TLB that it filled while translation is off, and asks then, too. */
export const translatedWhileOff: Command = (driver, draw) => {
  if (!driver.profile.deviceTlb || (driver.command & commandBits.te) === 0) return;
  const { device: source, page, pasid } = someHeld(driver, draw);
  const device = sourceId(source);
  const whose = pasid === undefined ? {} : { pasid };
  const address = iova(BigInt(page) << 12n);
  const ask = { device, iova: address, access: "read", ...whose } as const;
  emit(driver, { type: "AtsRequest", ...ask });
  command(driver, 0, commandBits.te);
  emit(driver, { type: "Dma", ...ask, translated: true, length: 4 });
  emit(driver, { type: "AtsRequest", ...ask });
  command(driver, commandBits.te);
  emit(driver, { type: "Dma", ...ask, translated: true, length: 4 });
  const range = iova(0xfee0_0000n);
  emit(driver, { type: "AtsRequest", device, iova: range, access: "read" });
};

/** A device model asks for pages far inside of large ones, and around their edges. */
export const modelAsksFar: Command = (driver, draw) => {
  const { m2, g1 } = driver.profile.superpages;
  const level = g1 && draw.how % 2 === 0 ? 3 : m2 ? 2 : 1;
  const span = 512 ** (level - 1);
  const base = pick(driver.pool, draw.where);
  const page = base - (base % span);
  const target = level === 3 ? arena.huge : arena.large[0];
  const word = entryWord(target, pick([3, 3, 1], draw.extra), level > 1);
  const did = driver.attached.get(sources.virtual) ?? someDomain(driver, draw.what).did;
  const domain = driver.domains.get(did) ?? someDomain(driver, draw.what);
  const spot = { domain, page, place: placeOf(driver, domain, page, level, true) };
  changeSecond(driver, spot, word, draw, "proper");
  for (const away of [0, 513, span - 1, (draw.extra * 37) % span]) {
    const address = iova(BigInt(page + (away % span)) << 12n);
    const device = sourceId(sources.virtual);
    for (const access of ["read", "write"] as const) {
      emit(driver, { type: "DeviceTranslate", device, iova: address, access });
    }
  }
};

/** Memory is protected while translation is off, or from what is not translated. */
export const protectAll: Command = (driver, draw) => {
  const { plmr, phmr } = driver.profile;
  if (!(plmr || phmr)) return;
  writeRegister(driver, at.plmbase, 4, 0n);
  writeRegister(driver, at.plmlimit, 4, 0x20_0000n);
  if (phmr) {
    writeRegister(driver, at.phmbase, 8, 1n << 31n);
    writeRegister(driver, at.phmlimit, 8, 1n << 31n);
  }
  writeRegister(driver, at.pmen, 4, Pmen.mask("epm"));
  const isOff = draw.how % 2 === 0 && (driver.command & commandBits.te) !== 0;
  if (isOff) command(driver, 0, commandBits.te);
  for (const source of deviceSources.slice(0, 5)) {
    use(driver, source, pick(arena.data, draw.where), draw.extra % 2 === 0 ? "read" : "write");
    use(driver, source, pick([arena.large[0], arena.large[1] + 511, 0x200], draw.what), "read");
  }
  const device = sourceId(sources.virtual);
  const address = iova(BigInt(pick(arena.data, draw.extra)) << 12n);
  emit(driver, { type: "DeviceTranslate", device, iova: address, access: "read" });
  if (isOff) command(driver, commandBits.te);
  writeRegister(driver, at.pmen, 4, 0n);
};

/** Two devices send by one alias; one of them goes, and the other goes on. */
export const twoBehindAlias: Command = (driver, draw) => {
  const device = sourceId(0x210);
  const alias = sourceId(sources.bridge);
  emit(driver, { type: "DeviceAssign", device, physical: draw.how % 4 !== 3, alias });
  const known = driver.mapped.find(({ did }) => did === driver.attached.get(sources.bridge));
  const page = known?.page ?? pick(driver.pool, draw.where);
  for (const source of [sources.behindBridge, device]) use(driver, source, page, "read");
  const gone = draw.extra % 2 === 0 ? device : sourceId(sources.behindBridge);
  const left = gone === device ? sourceId(sources.behindBridge) : device;
  emit(driver, { type: "DeviceRemove", device: gone });
  for (const source of [left, gone]) use(driver, source, page, "read");
  if (gone !== device) {
    emit(driver, { type: "DeviceRemove", device });
    emit(driver, { type: "DeviceAssign", device: gone, physical: true, alias });
  } else if (draw.extra % 3 === 0) emit(driver, { type: "DeviceRemove", device: left });
  if (gone === device && draw.extra % 3 === 0) {
    emit(driver, { type: "DeviceAssign", device: left, physical: true, alias });
  }
};

/** The last pages that there can be: of guest memory, and of what tables translate. */
export const lastPages: Command = (driver, draw) => {
  const { haw, mgaw } = driver.profile;
  const end = 1n << BigInt(haw);
  const length = pick([4096n, 8192n, 0x10000n], draw.how);
  const hpa = hpaOfPage(frames.freeLarge - 64 + driver.guest * 16);
  const grant = { read: true, write: draw.extra % 3 !== 2 };
  const range = { gpa: gpa(end - length), length };
  emit(driver, { type: "P2mMap", ...range, hpa, pageSize: "4K", ...grant });
  const width = Math.min(mgaw, 39);
  const last = 2 ** (width - 12) - 1;
  const target = Number(end >> 12n) - 1;
  const did = place(driver, draw, last, entryWord(target, 3), 1);
  for (const source of devicesOf(driver, did).slice(0, 2)) use(driver, source, last, "read");
  emit(driver, {
    type: "P2mProtect",
    gpa: gpa(end - 4096n),
    length: 4096n,
    read: true,
    write: false,
  });
  for (const source of devicesOf(driver, did).slice(0, 2)) use(driver, source, last, "write");
  flushIotlb(driver, { scope: "page", did, page: last - 1, mask: 1, leafOnly: false }, draw.extra);
  emit(driver, { type: "P2mUnmap", ...range });
  for (const source of devicesOf(driver, did).slice(0, 2)) use(driver, source, last, "read");
};

/** A superpage over the interrupt range, or up to it, used around the range's edges. */
export const aroundInterrupts: Command = (driver, draw) => {
  if (!driver.profile.superpages.m2) return;
  const below = draw.how % 2 === 1;
  const base = pick(driver.pool, draw.where);
  const page = base - (base % 512);
  const target = arena.interrupt[below ? 0 : 1];
  const did = place(driver, draw, page, entryWord(target, 3, true), 2);
  const edges = below ? [511, 0] : [0, 127, 128, 255, 256, 257];
  for (const source of devicesOf(driver, did).slice(0, 1)) {
    for (const edge of edges) use(driver, source, page + edge, "read");
    for (const edge of [-1, 0, 255, 256]) {
      use(driver, source, arena.interrupt[1] + edge, draw.extra % 2 === 0 ? "write" : "read");
    }
  }
};

/** The toolstack protects a block and then takes a part out of it; devices use the others. */
export const protectAndSplit: Command = (driver, draw) => {
  const block = pick([arena.large[0], arena.large[1], arena.large[0], arena.huge], draw.where);
  const pages = block === arena.huge ? 512 ** 2 : 512;
  const [read, write] = pick(
    [
      [true, false],
      [false, false],
      [false, true],
    ] as const,
    draw.how,
  );
  const length = BigInt(pages) << 12n;
  emit(driver, { type: "P2mProtect", gpa: gpaOfPage(block), length, read, write });
  const part = block + pick([7, 256, 511], draw.extra);
  emit(driver, { type: "P2mUnmap", gpa: gpaOfPage(part), length: 4096n });
  const page = pick(driver.pool, draw.what);
  const did = place(driver, draw, page, entryWord(part - 1, 3), 1);
  for (const source of devicesOf(driver, did).slice(0, 2)) {
    for (const access of ["read", "write"] as const) use(driver, source, page, access);
  }
  if (draw.extra % 4 === 3) return;
  const open = { read: true, write: true };
  emit(driver, { type: "P2mProtect", gpa: gpaOfPage(block), length, ...open });
};

/** The write buffer is flushed. */
export const flushBuffer: Command = (driver) => command(driver, commandBits.wbf);
