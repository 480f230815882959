import { iova, sourceId } from "../../events/address.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { IotlbDescriptor } from "../../events/queue/descriptors.ts";
import { at } from "../../events/registers/offset.ts";
import { deviceOf, requesters, sources } from "./arena.ts";
import { contextAddress, domainOf, writeContext } from "./boot.ts";
import { emit, pick, wordAt, writeRegister } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { pageFrom, someDomain } from "./mapping-commands.ts";
import type { Flush } from "./queue.ts";
import {
  clearQueueErrors,
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

/**
 * Changes a context entry: another domain, pass-through, not present, reserved bits, FPD; by draw
 * the device tries what it comes to.
 */
export const context: Command = (driver, draw, manner) => {
  changeContext(driver, draw, manner);
  if (draw.extra % 2 === 0) return;
  const device = sourceId(deviceOf(pick(requesters, draw.where)));
  const page =
    driver.mapped.length === 0 ? pageFrom(driver, draw.what) : pick(driver.mapped, draw.what).page;
  emit(driver, { type: "Dma", device, iova: iova(BigInt(page) << 12n), access: "read", length: 4 });
};

const changeContext: Command = (driver, draw, manner) => {
  const source = pick(requesters, draw.where);
  const oldDid = driver.attached.get(source) ?? 0;
  const wasPresent = (wordAt(driver, contextAddress(source)) & 1n) === 1n;
  const domain =
    draw.what % 5 === 4 ? domainOf(driver, draw.extra % 5, 1) : someDomain(driver, draw.what);
  const strange = 2 + (draw.how % 10);
  const reserved = draw.extra % 2 === 0 ? 4 + ((draw.extra >> 1) % 8) : 88 + (draw.extra % 40);
  const odd = draw.what % 3 === 0 ? draw.extra % 128 : reserved;
  const extra = strange === 11 ? 1n << BigInt(odd) : 0n;
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

/** Lets the virtual device walk its tables as if they had another width, and use them. */
export const widen: Command = (driver, draw, manner) => {
  const source = sources.virtual;
  const domain = driver.domains.get(driver.attached.get(source) ?? 0);
  if (domain === undefined) return;
  const others = [...driver.profile.levels].filter((levels) => levels !== domain.levels);
  if (others.length === 0) return;
  const levels = pick(others, draw.how);
  const attachment = { tt: 0, fpd: false, present: true, extra: 0n };
  writeContext(driver, source, { ...domain, levels }, attachment);
  if (manner !== "none") flushContexts(driver, "device", domain.did, source);
  for (const page of driver.pool.slice(0, 3)) {
    const access = draw.extra % 2 === 0 ? "read" : "write";
    const address = iova(BigInt(page) << 12n);
    emit(driver, { type: "Dma", device: sourceId(source), iova: address, access, length: 1 });
  }
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
  if (driver.profile.deviceTlb && chosen.includes(deviceTlbWord(source))) {
    driver.owing.push(source);
  }
  if (draw.what % 6 !== 5) moveTail(driver);
};

/** A descriptor with bits that must not be there, of a type that is not, or of any bits. */
export const wrongDescriptor: Command = (driver, draw) => {
  const domain = someDomain(driver, draw.what);
  const one = { scope: "page", did: domain.did, page: 1, mask: 0, leafOnly: false } as const;
  const good = pick([iotlbWord(one), waitWord(1, 1), contextWord("global", 0, 0, 0)], draw.where);
  const words = [
    good | (1n << BigInt(draw.extra % (driver.step * 8))),
    BigInt(draw.extra & 0xfff),
    draw.word | (draw.word << 64n),
    IotlbDescriptor.encode({ type: descriptorTypes.iotlb, g: 3, am: 63, did: domain.did }),
  ];
  submit(driver, [pick(words, draw.how), waitWord(draw.extra, draw.what)]);
  if (draw.what % 4 === 3) return;
  driver.tail = (driver.tail + queueBytes - 2 * driver.step) % queueBytes;
  enqueue(driver, [waitWord(draw.extra, draw.what), waitWord(draw.extra, draw.what)]);
  clearQueueErrors(driver);
};

/** Fills the ring with waits and lets them run, so that head and tail wrap around. */
export const fillRing: Command = (driver, draw) => {
  if (draw.extra % 2 === 0) return;
  const room = (queueBytes - driver.tail) / driver.step;
  const count = Math.min(queueBytes / driver.step - 1, room + (draw.how % 4));
  const waits = Array.from({ length: count }, (_, index) => waitWord(index, index));
  submit(driver, draw.what % 2 === 0 ? waits : waits.slice(0, Math.max(1, room - 2)));
};

/** Moves the tail anywhere: backwards, beyond the end, unaligned. */
export const strayTail: Command = (driver, draw) => {
  const offsets = [queueBytes, driver.tail + 8, 0x7fff0, driver.tail + 32, 0];
  writeRegister(driver, at.iqt, 8, BigInt(pick(offsets, draw.how)));
};
