import { gpa } from "../../events/address.ts";
import { descriptorTypes } from "../../events/descriptor.ts";
import { IotlbDescriptor } from "../../events/descriptors/translation.ts";
import { at, registersOf } from "../../projections/registers.ts";
import { arena } from "./arena.ts";
import { command, commandBits, contextAddress, domainOf, writeContext } from "./boot.ts";
import { emit, pick, readRegister, wordAt, writeRegister, writeWord } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { pageFrom, requesters, someDomain } from "./mapping-commands.ts";
import type { Flush } from "./queue.ts";
import {
  contextWord,
  deviceTlbWord,
  enqueue,
  flushContexts,
  flushIotlb,
  iotlbWord,
  moveTail,
  queueBytes,
  submit,
  waitWord,
} from "./queue.ts";

/** Changes a context entry: another domain, pass-through, not present, reserved bits, FPD. */
export const context: Command = (driver, draw, manner) => {
  const source = pick(requesters, draw.where);
  const oldDid = driver.attached.get(source) ?? 0;
  const wasPresent = (wordAt(driver, contextAddress(source)) & 1n) === 1n;
  const domain =
    draw.what % 5 === 4 ? domainOf(driver, draw.extra % 5, 1) : someDomain(driver, draw.what);
  const strange = draw.how % 12;
  const extra = strange === 11 ? 1n << BigInt(draw.extra % 128) : 0n;
  const tt = pick([0, 0, 0, 2, 1, 3], strange === 10 ? draw.extra : draw.how % 4);
  const levels = strange === 9 ? 2 + (draw.extra % 5) : domain.levels;
  const present = draw.how % 7 !== 6;
  const attachment = { tt, fpd: draw.extra % 4 === 3, present, extra };
  writeContext(driver, source, { ...domain, levels }, attachment);
  if (manner === "none") return;
  const did = wasPresent ? oldDid : 0;
  if (manner === "narrow") {
    flushContexts(driver, "device", domain.did, source);
    return;
  }
  const scope = pick(["device", "domain", "global"] as const, draw.extra);
  // With bit 2 of the function left out, the other function of the device stands for this one.
  const fm = draw.what % 2;
  flushContexts(driver, scope, did, fm === 1 ? source ^ 4 : source, fm);
  const flush: Flush = { scope: "domain", did: oldDid, page: 0, mask: 0, leafOnly: false };
  flushIotlb(driver, scope === "global" ? { ...flush, scope: "global" } : flush, draw.extra);
};

/** Announces something, whether it changed or not. */
export const invalidate: Command = (driver, draw) => {
  const domain = someDomain(driver, draw.what);
  const source = pick(requesters, draw.where);
  const scope = pick(["global", "domain", "page", "page"] as const, draw.how);
  const page = pageFrom(driver, draw.where);
  const limit = driver.profile.mamv + (draw.extra % 9 === 8 ? 1 : 0);
  const mask = Math.min(limit, pick([0, 1, 2, 9, 18, 27, 52], draw.extra));
  const flush = {
    scope,
    did: domain.did,
    page,
    mask: Math.min(63, mask),
    leafOnly: draw.extra % 4 === 3,
  };
  if (draw.how % 3 === 2) {
    const wide = pick(["global", "domain", "device"] as const, draw.extra);
    flushContexts(driver, wide, draw.what % 3 === 0 ? 0 : domain.did, source);
  } else flushIotlb(driver, flush, draw.extra);
};

/** A few descriptors at once, with one wait, several or none; by draw without moving the tail. */
export const batch: Command = (driver, draw) => {
  const domain = someDomain(driver, draw.what);
  const page = pageFrom(driver, draw.where);
  const source = pick(requesters, draw.where);
  const one = { scope: "page", did: domain.did, page, mask: 0, leafOnly: false } as const;
  const words = [
    iotlbWord(one),
    waitWord(draw.extra, draw.what, draw.how % 3 === 0, draw.how % 2 === 0),
    contextWord("device", domain.did, source, draw.extra % 4),
    deviceTlbWord(source),
    iotlbWord({ ...one, scope: "domain" }),
    iotlbWord({ ...one, scope: "global" }),
    BigInt(descriptorTypes.interruptEntry),
    waitWord(draw.extra + 1, draw.what, draw.extra % 2 === 0),
  ];
  const count = 1 + (draw.how % 4);
  const start = draw.extra % words.length;
  const chosen = [...words, ...words].slice(start, start + count);
  enqueue(driver, chosen, draw.how % 9 !== 8);
  if (draw.what % 6 !== 5) moveTail(driver);
};

/** A descriptor with bits that must not be there, of a type that is not, or of any bits. */
export const wrongDescriptor: Command = (driver, draw) => {
  const domain = someDomain(driver, draw.what);
  const one = { scope: "page", did: domain.did, page: 1, mask: 0, leafOnly: false } as const;
  const good = pick([iotlbWord(one), waitWord(1, 1), contextWord("global", 0, 0, 0)], draw.where);
  const words = [
    good | (1n << BigInt(draw.extra % 128)),
    BigInt(draw.extra & 0xfff),
    draw.word | (draw.word << 64n),
    IotlbDescriptor.encode({ type: descriptorTypes.iotlb, g: 3, am: 63, did: domain.did }),
  ];
  submit(driver, [pick(words, draw.how), waitWord(draw.extra, draw.what)]);
  if (draw.what % 4 === 3) return;
  driver.tail = (driver.tail + queueBytes - 32) % queueBytes;
  enqueue(driver, [waitWord(draw.extra, draw.what), waitWord(draw.extra, draw.what)]);
  writeRegister(driver, at.fsts, 4, 0x70n);
};

/** Fills the ring with waits and lets them run, so that head and tail wrap around. */
export const fillRing: Command = (driver, draw) => {
  if (draw.extra % 2 === 0) return;
  const room = (queueBytes - driver.tail) / 16;
  const count = Math.min(255, room + (draw.how % 4));
  const waits = Array.from({ length: count }, (_, index) => waitWord(index, index));
  submit(driver, draw.what % 2 === 0 ? waits : waits.slice(0, Math.max(1, room - 2)));
};

/** Moves the tail anywhere: backwards, beyond the end, unaligned. */
export const strayTail: Command = (driver, draw) => {
  const offsets = [queueBytes, driver.tail + 8, 0x7fff0, driver.tail + 32, 0];
  writeRegister(driver, at.iqt, 8, BigInt(pick(offsets, draw.how)));
};

/** Turns translation, the queue or interrupt remapping on or off, or sets a root pointer. */
export const toggle: Command = (driver, draw) => {
  const { te, qie, srtp, wbf, ire, sirtp } = commandBits;
  const bit = pick([te, srtp, qie, wbf, te, sirtp, ire], draw.how);
  if (bit === srtp) {
    const root = pick(arena.roots, draw.what);
    const mode = draw.extra % 9 === 8 ? BigInt(draw.what % 4) << 10n : 0n;
    if (draw.extra % 3 === 0) copyRoots(driver);
    writeRegister(driver, at.rtaddr, 8, (BigInt(root) << 12n) | mode);
  }
  const on = (driver.command & bit) >>> 0 !== 0;
  if (bit === qie && on && draw.what % 2 === 0) submit(driver, [waitWord(7, 7)]);
  if (bit === qie && !on) {
    const { tail } = driver;
    writeRegister(driver, at.iqa, 8, BigInt(arena.queue) << 12n);
    driver.tail = 0;
    writeRegister(driver, at.iqt, 8, draw.what % 5 === 4 ? BigInt(tail) : 0n);
  }
  if (on && draw.extra % 8 !== 7) command(driver, 0, bit);
  else command(driver, bit);
};

/** Gives the second root table the entries of the first, or others. */
function copyRoots(driver: Parameters<Command>[0]): void {
  for (const bus of [0, 1, 2]) {
    const word = wordAt(driver, arena.roots[0] * 4096 + bus * 16);
    writeWord(driver, arena.roots[1] * 4096 + bus * 16, bus === 2 ? 0n : word);
  }
}

/** Clears fault records and fault status: all, some, none of them set. */
export const clearFaults: Command = (driver, draw) => {
  const { fro, nfr } = driver.profile;
  const index = draw.where % nfr;
  if (draw.how % 3 !== 0) writeRegister(driver, fro + 16 * index + 12, 4, 1n << 31n);
  if (draw.how % 3 === 2) writeRegister(driver, fro + 16 * ((index + 1) % nfr) + 8, 8, 1n << 63n);
  if (draw.how % 2 === 0)
    writeRegister(driver, at.fsts, 4, pick([0x71n, 0x70n, 0x1n, 0x10n], draw.extra));
};

/** Masks or unmasks an event line, clears ICS, sets what its message is. */
export const eventLine: Command = (driver, draw) => {
  const line = pick([at.fectl, at.iectl], draw.where);
  const choices = [
    () => writeRegister(driver, line, 4, 0n),
    () => writeRegister(driver, line, 4, 0x8000_0000n),
    () => writeRegister(driver, at.ics, 4, 1n),
    () => writeRegister(driver, line + 4, 4, BigInt(draw.extra)),
    () => writeRegister(driver, line + 8, 8, 0xfee0_0000n | BigInt(draw.extra)),
    () => writeRegister(driver, line + 3, 1, draw.extra % 2 === 0 ? 0n : 0x80n),
  ];
  pick(choices, draw.how)();
};

/** Reads or writes registers at any size and alignment. */
export const registers: Command = (driver, draw) => {
  const { specs } = registersOf(driver.profile);
  const quiet = specs.filter(({ offset }) => offset !== at.gcmd && offset !== at.ccmd);
  const spec = pick(draw.how % 5 === 4 ? specs : quiet, draw.where);
  const size = pick([4, 8, 1, 2, 3, 5, 6, 7], draw.what);
  const offset = Math.min(
    4095,
    spec.offset + (draw.extra % spec.bytes) - (draw.how % 13 === 12 ? 2 : 0),
  );
  if (draw.how % 2 === 0) readRegister(driver, Math.max(0, offset), size);
  else {
    const value = BigInt.asUintN(size * 8, draw.how % 3 === 0 ? 0xffff_ffff_ffff_ffffn : draw.word);
    writeRegister(driver, Math.max(0, offset), size, value);
  }
};

/** Protected memory: a range that holds data or tables, on or off. */
export const protectMemory: Command = (driver, draw) => {
  if (draw.how % 2 === 0) {
    writeRegister(driver, at.plmbase, 4, BigInt(draw.what % 4) << 21n);
    writeRegister(driver, at.plmlimit, 4, BigInt(draw.extra % 8) << 21n);
  }
  writeRegister(driver, at.pmen, 4, draw.how % 3 === 0 ? 0n : 0x8000_0000n);
};

/** Makes lines that the CPU wrote visible: a page, one line, or everything. */
export const flushCache: Command = (driver, draw) => {
  const page = pick([...arena.tables, ...arena.contexts, arena.queue], draw.where);
  const length = pick([4096n, 64n, 1n, 0n, 1n << 40n], draw.how);
  emit(driver, { type: "CacheFlush", gpa: gpa(BigInt(page) << 12n), length });
};
