import { iova, sourceId } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { masksOf } from "../../events/layout/layout.ts";
import { Pectl } from "../../events/registers/event-line.ts";
import { at } from "../../events/registers/offset.ts";
import { Prs } from "../../events/registers/page-request.ts";
import { arena, deviceSources, sources } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, emit, pick, readRegister, writeRegister } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more } from "./mapping-commands.ts";
import { clearQueueErrors, enqueue, moveTail, queueBytes, usesQueue, waitWord } from "./queue.ts";
import { someRequest } from "./requests.ts";
import { announceAll, answerAll, drainWord, responseWord } from "./scalable-queue.ts";
import { takeBack } from "./take-back.ts";

/** Sets up the page-request queue, where the unit has one. */
export function bootPageRequests(driver: Driver, draw: number): void {
  if (!driver.profile.pageRequests) return;
  // By draw only two places are free until the guest moves the head, or the queue has two pages.
  const head = draw % 8 === 7 ? 3 : 0;
  const pqs = draw % 8 === 5 ? 1n : 0n;
  driver.asked = draw % 4 === 2 || pqs === 1n ? 126 : 0;
  writeRegister(driver, at.pqh, 8, BigInt(32 * (driver.asked + head)));
  writeRegister(driver, at.pqt, 8, BigInt(32 * driver.asked));
  writeRegister(driver, at.pqa, 8, (BigInt(arena.pageRequests) << 12n) | pqs);
  if (draw % 3 !== 0) writeRegister(driver, at.pectl, 4, 0n);
}

const accessOf = (draw: number): Access => (draw % 3 === 0 ? "write" : "read");

/** Most of what a unit cannot do is not asked of it. */
const isIdle = (able: boolean, draw: number): boolean => !able && draw % 8 !== 7;

/** A device asks for a translation that it will keep; by draw it uses it at once. */
export const atsRequest: Command = (driver, draw) => {
  if (isIdle(driver.profile.deviceTlb, draw.extra >> 4)) return;
  const { device, page, rights } = someRequest(driver, draw);
  const access = accessOf(draw.how);
  const address = iova(BigInt(page) << 12n);
  const asked = access === "write" ? { ...rights, execute: false } : rights;
  emit(driver, { type: "AtsRequest", device, iova: address, access, ...asked });
  driver.requested.push({ device, page, pasid: rights.pasid });
  if (draw.extra % 3 === 0) return;
  const { execute: _, ...plain } = rights;
  const use = { device, iova: address, access, ...plain, translated: true, length: 8 };
  emit(driver, { type: "Dma", ...use });
  if (rights.pasid !== undefined && access === "read" && draw.extra % 5 === 4) {
    emit(driver, { type: "Dma", ...use, execute: true });
  }
  takeBack(driver, { device, page, pasid: rights.pasid }, more(draw, 32), use);
};

/** A DMA to where the device's own TLB says: mostly of a page that it asked for. */
export const translatedDma: Command = (driver, draw) => {
  const { requested } = driver;
  if (requested.length === 0 || draw.extra % 4 === 3) {
    atsRequest(driver, draw, "none");
    return;
  }
  const fresh = draw.where % 16 === 15;
  const found = fresh ? someRequest(driver, draw) : pick(requested, draw.where >> 3);
  const pasid = "rights" in found ? found.rights.pasid : found.pasid;
  const rights = pasid === undefined ? {} : { pasid };
  const access = accessOf(draw.how);
  const address = iova((BigInt(found.page) << 12n) + BigInt((draw.extra % 64) * 8));
  const bytes = access === "write" ? { bytes: bytesOf(draw.word, 8) } : {};
  const common = {
    device: found.device,
    iova: address,
    access,
    ...rights,
    translated: true,
    length: 8,
  };
  if (draw.what % 4 !== 3) {
    emit(driver, { type: "Dma", ...common, ...bytes });
    return;
  }
  const tag = driver.nextTag;
  driver.nextTag += 1;
  emit(driver, { type: "DmaIssue", tag, ...common, ...bytes });
};

/** A device asks the guest for pages: a group of one or more, complete or not, or a stop marker. */
export const pageRequest: Command = (driver, draw) => {
  if (isIdle(driver.profile.pageRequests, draw.extra >> 4)) return;
  const { device, page, rights } = someRequest(driver, draw);
  const count = 1 + (draw.how % 3);
  const group = draw.extra % 6;
  const complete = draw.what % 5 !== 4;
  const { execute, ...common } = rights;
  const stop = draw.what % 17 === 16;
  for (let index = 0; index < count; index++) {
    const write = (draw.what + index) % 3 === 0;
    const executes = execute === true && !stop ? { execute } : {};
    emit(driver, {
      ...{ type: "PageRequest", device, iova: iova(BigInt(page + index) << 12n), ...common },
      ...{ read: !stop, write: write && !stop, ...executes, group },
      last: stop || (complete && index === count - 1),
    });
  }
  driver.asked += count;
  const asker = { device, pasid: rights.pasid, group };
  if (more(draw, 40) % 3 === 0) respond(driver, asker, draw);
  else driver.groups.push(asker);
  if (more(draw, 32) % 6 === 5) writeRegister(driver, at.pectl, 4, 0n);
};

/** The guest answers a group, in one way or another. */
function respond(driver: Driver, { device, pasid, group }: Driver["groups"][0], draw: Draw): void {
  const rc = pick([0, 0, 0, 1, 15, 7], draw.extra);
  const rid = device === sources.behindBridge ? sources.bridge : device;
  const word = responseWord({ rid, pasid, rc, group, last: draw.how % 6 !== 5 });
  announceAll(driver, [word], draw.extra);
}

/** The guest answers a group of page requests, or one that nobody asked for. */
export const pageResponse: Command = (driver, draw) => {
  const { groups } = driver;
  if (!driver.profile.pageRequests) return;
  const stray = {
    device: sourceId(pick(deviceSources, draw.what)),
    pasid: draw.what % 3,
    group: 7,
  };
  const known = groups.length > 0 && draw.where % 8 !== 7;
  const index = groups.length === 0 ? 0 : (draw.where >> 3) % groups.length;
  const asker = known ? (groups[index] ?? stray) : stray;
  if (known && draw.how % 4 !== 3) groups.splice(index, 1);
  respond(driver, asker, draw);
};

const { ppr, pro } = masksOf(Prs);

/** A request arrives while its event is masked, and nothing else is pending. */
function requestWhileMasked(driver: Driver, draw: Draw): void {
  const { prs, pectl } = at;
  writeRegister(driver, pectl, 4, Pectl.mask("im"));
  writeRegister(driver, prs, 4, ppr | pro);
  pageRequest(driver, draw, "none");
}

/** The guest reads its page-request queue empty, clears its status, drains it, or does it wrong. */
export const pageQueue: Command = (driver, draw) => {
  const { pqh, pqt, pqa, prs, pectl } = at;
  const slot = BigInt(32 * (more(draw, 0) % 128));
  const actions = [
    () => writeRegister(driver, prs, 4, ppr),
    () => writeRegister(driver, prs, 4, ppr | pro),
    () => writeRegister(driver, pqh, 8, BigInt(32 * (draw.extra % 8))),
    () => writeRegister(driver, pqh, 8, slot),
    () => readRegister(driver, pqt, 8),
    () => {
      if (draw.extra % 3 !== 2) requestWhileMasked(driver, draw);
      if (draw.extra % 3 !== 1) writeRegister(driver, pectl, 4, 0n);
    },
    () => announceAll(driver, driver.profile.pageDrain ? [drainWord(1, 1)] : [], draw.extra),
    () =>
      writeRegister(driver, pqa, 8, (BigInt(arena.pageRequests) << 12n) | BigInt(draw.extra % 3)),
    // Just after the tail, if few requests were dropped: one of the next finds the queue full.
    () => {
      const slot = Math.max(1, driver.asked + 2 - (draw.extra % 4)) % 128;
      writeRegister(driver, pqh, 8, BigInt(32 * slot));
      for (const shift of [0, 5])
        pageRequest(driver, { ...draw, extra: draw.extra >> shift }, "none");
    },
  ];
  pick(actions, draw.how)();
};

/** Devices answer what they owe, one of them wrongly or unasked, or nobody waits any longer. */
export const deviceAnswer: Command = (driver, draw) => {
  const owing = driver.owing.length > 0 && draw.how % 4 !== 3;
  const device = sourceId(pick(owing ? driver.owing : deviceSources, draw.what));
  if (draw.extra % 6 === 5) emit(driver, { type: "InvalidationTimeout" });
  else if (draw.extra % 6 === 4) {
    emit(driver, { type: "DeviceTlbAnswer", device, result: "failed" });
    clearQueueErrors(driver);
  } else answerAll(driver);
};

/** Fills the queue with waits and clears its errors, so that it runs again whatever halted it. */
export const recoverQueue: Command = (driver, draw) => {
  if (!usesQueue(driver)) return;
  answerAll(driver);
  const { tail, step } = driver;
  driver.tail = 0;
  const waits = Array.from({ length: queueBytes / step }, () => waitWord(draw.extra, draw.what));
  enqueue(driver, waits);
  driver.tail = tail;
  moveTail(driver);
  clearQueueErrors(driver);
};
