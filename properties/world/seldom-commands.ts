import { Ccmd } from "../../events/registers/command.ts";
import { Iectl } from "../../events/registers/event-line.ts";
import { Iotlb } from "../../events/registers/iotlb.ts";
import { at, iotlbAt } from "../../events/registers/offset.ts";
import { Pmen } from "../../events/registers/protected-memory.ts";
import { arena, deviceSources } from "./arena.ts";
import { boot, command, commandBits, placeQueue, writeLegacy } from "./boot.ts";
import { atsRequest } from "./device-commands.ts";
import { clearFaultRecord, emit, pick, writeRegister } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { more, someDomain } from "./mapping-commands.ts";
import * as outside from "./outside-commands.ts";
import { groupMixed, requestsOverflow } from "./page-request-mishaps.ts";
import { pasidIssue } from "./pasid-requests.ts";
import { submit, usesQueue, waitWord } from "./queue.ts";
import { queueMishap } from "./queue-mishaps.ts";

/** Register-based invalidations as they may and may not be, while the queue is off, or on. */
const byRegister: Command = (driver, draw) => {
  const { did } = someDomain(driver, draw.what);
  const sid = pick(deviceSources, draw.where);
  const { iro, mamv } = driver.profile;
  const pause = usesQueue(driver) && draw.how % 4 !== 0;
  if (pause) {
    submit(driver, [waitWord(8, 8)]);
    command(driver, 0, commandBits.qie);
  }
  const cirg = more(draw, 0) % 4;
  writeRegister(driver, at.ccmd, 8, Ccmd.encode({ did, sid, fm: draw.extra % 4, cirg, icc: true }));
  const am = mamv + (draw.extra % 3);
  writeRegister(driver, iro, 8, BigInt(Math.min(63, am)));
  const iirg = pick([3, 3, 0, 1, 2, 3, 3, 0], more(draw, 4));
  writeRegister(driver, iotlbAt(driver.profile), 8, Iotlb.encode({ did, iirg, ivt: true }));
  if (!pause) return;
  placeQueue(driver, draw.extra);
  driver.tail = 0;
  writeRegister(driver, at.iqt, 8, 0n);
  command(driver, commandBits.qie);
};

/** A reset after which software enables what has no table yet; mostly it then boots anew. */
const tooEarly: Command = (driver, draw) => {
  const { te, ire, sirtp } = commandBits;
  emit(driver, { type: "UnitReset" });
  driver.command = 0;
  driver.tail = 0;
  for (const bit of [te, ire]) {
    command(driver, bit);
    driver.command = 0;
  }
  const domains = [1, 2, 3, 4, 5].map((index) => draw.what + index * 16);
  const plan = { queued: true, translate: true, unmask: false, domains, maps: [], bindings: [] };
  if (!driver.isScalable) writeLegacy(driver, plan);
  boot(driver, plan);
  writeRegister(driver, at.irta, 8, (BigInt(arena.interrupts) << 12n) | 3n);
  command(driver, sirtp);
  command(driver, sirtp);
  command(driver, ire);
};

/** Clears PFO while records are in use, or after they all were cleared. */
const clearOverflow: Command = (driver, draw) => {
  const { nfr } = driver.profile;
  if (draw.how % 2 === 0) {
    for (let index = 0; index < nfr; index++) {
      clearFaultRecord(driver, index);
    }
  }
  writeRegister(driver, at.fsts, 4, 1n);
};

/** A completion event that is masked at first; software looks before it unmasks, or after. */
const maskedEvent: Command = (driver, draw) => {
  writeRegister(driver, at.ics, 4, 1n);
  writeRegister(driver, at.iectl, 4, Iectl.mask("im"));
  if (usesQueue(driver)) submit(driver, [waitWord(9, 9, true)]);
  if (draw.how % 2 === 0) writeRegister(driver, at.ics, 4, 1n);
  writeRegister(driver, at.iectl, 4, 0n);
};

/** The protected regions go on and off again, with a DMA in between. */
const protectOnce: Command = (driver, draw, manner) => {
  writeRegister(driver, at.pmen, 4, Pmen.mask("epm"));
  outside.dma(driver, draw, manner);
  writeRegister(driver, at.pmen, 4, 0n);
};

/** A tag is used again before its request has landed, and lands twice. */
const sameTag: Command = (driver, draw, manner) => {
  const { nextTag: tag } = driver;
  for (const shift of [0, 1]) {
    driver.nextTag = tag;
    const again = { ...draw, where: draw.where >> shift };
    pasidIssue(driver, again, manner);
  }
  for (let times = 0; times < 2; times++) emit(driver, { type: "DmaComplete", tag });
};

/** The unit is written down and put back at once. */
const saved: Command = (driver, draw) => {
  emit(driver, { type: "UnitSave" });
  emit(driver, { type: "UnitRestore", record: draw.how % 4 === 3 ? "no record" : "" });
};

/** Several pages are asked for, to be taken back. */
const askedAndTaken: Command = (driver, draw, manner) => {
  if (!driver.profile.deviceTlb) return;
  for (const shift of [0, 5, 10, 15]) {
    const word = draw.word >> BigInt(shift);
    const extra = 3 * (draw.extra >> shift) + 1;
    atsRequest(driver, { ...draw, where: draw.where >> shift, extra, word }, manner);
  }
};

/** Those with more cases more often. */
const anywhere: readonly Command[] = [
  ...[queueMishap, queueMishap, queueMishap, queueMishap, queueMishap, queueMishap],
  ...[byRegister, byRegister, clearOverflow, maskedEvent, protectOnce, sameTag, sameTag, sameTag],
  ...[saved, saved, tooEarly, outside.reset],
];
const inScalableMode: readonly Command[] = [
  ...[...anywhere, queueMishap, queueMishap, queueMishap, queueMishap],
  ...[askedAndTaken, askedAndTaken, askedAndTaken, askedAndTaken, askedAndTaken],
];
const withPageRequests: readonly Command[] = [
  ...[...inScalableMode, groupMixed, groupMixed, groupMixed, groupMixed, groupMixed],
  ...[requestsOverflow, requestsOverflow, requestsOverflow, requestsOverflow, requestsOverflow],
];

/** Something that seldom happens to a unit, so that every way through its charts is taken. */
export const seldom: Command = (driver, draw, manner) => {
  const richest = driver.profile.pageRequests ? withPageRequests : inScalableMode;
  const kinds = driver.isScalable ? richest : anywhere;
  pick(kinds, more(draw, 48))(driver, draw, manner);
};
