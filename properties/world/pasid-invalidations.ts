import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { sources } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { pick } from "./driver.ts";
import { canonicalPage } from "./first-stage-tables.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more, pageFrom } from "./mapping-commands.ts";
import {
  clearQueueErrors,
  contextWord,
  deviceTlbWord,
  enqueue,
  iotlbWord,
  moveTail,
  submit,
  waitWord,
} from "./queue.ts";
import type { Tag } from "./scalable-queue.ts";
import {
  announceAll,
  answerAll,
  drainWord,
  flushDeviceTlbs,
  pasidCacheWord,
  pasidDevicePagesWord,
  pasidDeviceTlbWord,
  pasidIotlbWord,
  pasidPagesWord,
} from "./scalable-queue.ts";
import type { Reach } from "./scalable-tables.ts";
import { pasids, reaches } from "./scalable-tables.ts";

/** The tags of a PASID entry, or by draw other ones, and a device that uses it. */
function someTag(driver: Driver, draw: Draw): Tag & Pick<Reach, "source" | "device"> {
  const known: readonly Reach[] = reaches(driver);
  if (known.length === 0) return { did: 5, pasid: 0, source: sources.first, device: sources.first };
  const { source, device, tag, binding } = pick(known, draw.where);
  const did = draw.what % 8 === 7 ? (draw.what >> 3) % 10 : binding.did;
  const pasid = draw.what % 9 === 8 ? pick(pasids, draw.what >> 4) : tag;
  return { did, pasid, source, device };
}

/** A page that tables may have mapped, and how many around it. */
function somePages(driver: Driver, draw: Draw): { readonly page: number; readonly mask: number } {
  const { mapped } = driver.scalable;
  const known = mapped.length === 0 || draw.extra % 4 === 0;
  const drawn = pageFrom(driver, more(draw, 0));
  const page = known ? canonicalPage(4, drawn) : pick(mapped, more(draw, 0)).page;
  const mask = pick([0, 0, 0, 1, 9, 18, 52, 63], more(draw, 16));
  return { page, mask };
}

/** Announces something of scalable mode, whether it changed or not. */
export const invalidatePasid: Command = (driver, draw) => {
  const tag = someTag(driver, draw);
  const { page, mask } = somePages(driver, draw);
  const { did } = tag;
  const all = { did, page: 0, mask: 0, leafOnly: false } as const;
  const words = [
    pasidPagesWord(tag, page, mask, draw.extra % 3 === 0),
    pasidIotlbWord(tag),
    pasidCacheWord("pasid", tag),
    pasidCacheWord("domain", tag),
    pasidCacheWord("global", tag),
    iotlbWord({ ...all, scope: "domain" }),
    iotlbWord({
      ...all,
      scope: "page",
      page,
      mask: Math.min(mask, driver.profile.mamv + (draw.extra % 19 === 18 ? 1 : 0)),
    }),
    contextWord("device", 0, tag.source, draw.extra % 2),
    pasidPagesWord(tag, page, 0, true),
  ];
  announceAll(driver, [pick(words, draw.how)], draw.extra);
};

/** Lets a device forget some of what it holds, and answers for it mostly. */
export const invalidateDevice: Command = (driver, draw) => {
  if (!driver.profile.deviceTlb && draw.extra % 8 !== 7) return;
  const { device, pasid } = someTag(driver, draw);
  const { page, mask } = somePages(driver, draw);
  if (draw.how % 3 === 0) {
    const holder = { device, pasid: draw.what % 2 === 0 ? pasid : undefined };
    flushDeviceTlbs(driver, [holder], draw.extra);
    return;
  }
  const order = Math.min(mask, 20);
  const words = [
    pasidDevicePagesWord(device, pasid, page, order),
    pasidDeviceTlbWord(device, pasid, true),
    deviceTlbWord(device),
    pasidDevicePagesWord(device, pasid, page, 0),
  ];
  if (!announceAll(driver, [pick(words, draw.how)], draw.extra)) return;
  driver.owing.push(device);
  if (draw.extra % 4 !== 3) answerAll(driver);
};

/** A few descriptors of scalable mode at once; by draw without moving the tail. */
export const pasidBatch: Command = (driver, draw) => {
  if (driver.step === 16) return;
  const tag = someTag(driver, draw);
  const { page } = somePages(driver, draw);
  const all = { scope: "domain", did: tag.did, page: 0, mask: 0, leafOnly: false } as const;
  const forget = driver.profile.deviceTlb
    ? pasidDeviceTlbWord(tag.device, tag.pasid, false)
    : pasidIotlbWord(tag);
  const words = [
    pasidCacheWord("pasid", tag),
    pasidPagesWord(tag, page, 0, false),
    waitWord(draw.extra, draw.what, draw.how % 3 === 0, draw.how % 2 === 0),
    pasidIotlbWord(tag),
    iotlbWord(all),
    forget,
    driver.profile.pageDrain ? drainWord(draw.extra, draw.what) : waitWord(1, draw.what),
    pasidCacheWord("domain", { ...tag, did: 0 }),
  ];
  const start = draw.extra % words.length;
  const chosen = [...words, ...words].slice(start, start + 1 + (draw.how % 4));
  enqueue(driver, chosen, draw.how % 9 !== 8);
  if (driver.profile.deviceTlb && chosen.includes(forget)) driver.owing.push(tag.device);
  if (draw.what % 6 !== 5) moveTail(driver);
};

/** A descriptor of scalable mode that has something wrong, and mostly how a driver gets over it. */
export const wrongPasidDescriptor: Command = (driver, draw) => {
  if (driver.step === 16) return;
  const tag = someTag(driver, draw);
  const good = pick([pasidIotlbWord(tag), pasidCacheWord("pasid", tag)], draw.where);
  const { pasidIotlb, pasidCache, pasidDeviceTlb, pageGroupResponse } = descriptorTypes;
  const types = [pasidIotlb, pasidCache, pasidDeviceTlb, pageGroupResponse];
  const words = [
    good | (1n << BigInt(pick([6, 7, 8, 12, 15, 52, 63, 71, 128, 255], draw.extra))),
    good ^ (BigInt(1 + (draw.extra % 3)) << 4n),
    pasidPagesWord(tag, 1, 63, false),
    BigInt(pick(types, draw.extra)) | (BigInt(draw.where % 4) << 4n),
    good | (draw.word << 64n),
  ];
  submit(driver, [pick(words, draw.how), waitWord(draw.extra, draw.what)]);
  if (draw.what % 4 === 3) return;
  driver.tail = (driver.tail + 4096 - 64) % 4096;
  enqueue(driver, [waitWord(draw.extra, draw.what), waitWord(draw.extra, draw.what)]);
  clearQueueErrors(driver);
};
