import { descriptorTypes } from "../../events/queue/descriptor.ts";
import { InterruptEntryDescriptor, WaitDescriptor } from "../../events/queue/descriptors.ts";
import { reserved } from "../oracle/queue.ts";
import { deviceSources } from "./arena.ts";
import { command, commandBits, placeQueue } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { pick } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more, pageFrom, someDomain } from "./mapping-commands.ts";
import {
  clearQueueErrors,
  contextWord,
  deviceTlbWord,
  enqueue,
  iotlbWord,
  moveTail,
  queueBytes,
  submit,
  usesQueue,
  waitWord,
} from "./queue.ts";
import {
  pasidCacheWord,
  pasidDeviceTlbWord,
  pasidIotlbWord,
  pasidPagesWord,
  responseWord,
} from "./scalable-queue.ts";

/** A wait that asks for nothing, or only that those after it come later. */
const quietWait = (fn: boolean): bigint =>
  WaitDescriptor.encode({ type: descriptorTypes.wait, fn });

/** A descriptor of each type, with nothing wrong but that the unit may not know it. */
function goodWords(driver: Driver, draw: Draw): readonly bigint[] {
  const { did } = someDomain(driver, draw.what);
  const device = pick(deviceSources, draw.where);
  const page = pageFrom(driver, draw.where);
  const tag = { did, pasid: draw.what % 3 };
  const flush = { did, page, mask: 0, leafOnly: false };
  const entries = { type: descriptorTypes.interruptEntry, g: 1, im: 0, iidx: draw.extra % 9 };
  return [
    quietWait(draw.extra % 2 === 0),
    waitWord(draw.extra, draw.what, true),
    contextWord(pick(["global", "domain", "device"] as const, draw.extra), did, device, 0),
    iotlbWord({ ...flush, scope: pick(["global", "domain", "page"] as const, draw.extra) }),
    deviceTlbWord(device),
    InterruptEntryDescriptor.encode(entries),
    pasidIotlbWord(tag),
    pasidPagesWord(tag, page, 0, false),
    pasidCacheWord(pick(["global", "domain", "pasid"] as const, draw.extra), tag),
    pasidDeviceTlbWord(device, tag.pasid, false),
    responseWord({ rid: device, pasid: tag.pasid, rc: 0, group: 0, last: true }),
    BigInt(descriptorTypes.pageStreamResponse),
  ];
}

/** The bits that must be 0 in a descriptor, by number, as the oracle has them. */
function reservedBits(word: bigint): readonly number[] {
  const [low, high] = reserved[Number(word & 0xfn)] ?? [0n, 0n];
  const mask = low | (high << 64n);
  return Array.from({ length: 128 }, (_, bit) => bit).filter((bit) => (mask >> BigInt(bit)) & 1n);
}

/** How a driver gets over a descriptor that may have halted the queue: a wait takes its place. */
function recover(driver: Driver, draw: Draw): void {
  driver.tail = (driver.tail + queueBytes - 2 * driver.step) % queueBytes;
  enqueue(driver, [waitWord(draw.extra, draw.what), waitWord(draw.extra, draw.what)]);
  clearQueueErrors(driver);
}

/**
 * A descriptor of any type, whether the unit knows it or not: as it should be, with one reserved
 * bit set, or with one bit of what a wide one has besides.
 */
export const oddDescriptor: Command = (driver, draw) => {
  if (!usesQueue(driver)) return;
  const good = pick(goodWords(driver, draw), more(draw, 0));
  const how = draw.how % 4;
  const bits = reservedBits(good);
  const wide = 128 + (more(draw, 16) % 128);
  const bit = how === 3 && driver.step === 32 ? wide : pick(bits.length > 0 ? bits : [9], wide);
  submit(driver, [how < 2 ? good : good | (1n << BigInt(bit)), waitWord(draw.extra, draw.what)]);
  const device = pick(deviceSources, draw.where);
  const forgets = [deviceTlbWord(device), pasidDeviceTlbWord(device, draw.what % 3, false)];
  if (how < 2 && driver.profile.deviceTlb && forgets.includes(good)) driver.owing.push(device);
  recover(driver, draw);
};

/** The queue is turned on with descriptors in it and its tail behind them. */
export const earlyTail: Command = (driver, draw) => {
  if (!usesQueue(driver)) return;
  submit(driver, [waitWord(3, 3)]);
  command(driver, 0, commandBits.qie);
  placeQueue(driver, draw.extra);
  driver.tail = 0;
  const { did } = someDomain(driver, draw.what);
  const flush = { scope: "domain", did, page: 0, mask: 0, leafOnly: false } as const;
  enqueue(driver, [iotlbWord(flush), waitWord(draw.extra, 4)]);
  moveTail(driver);
  command(driver, commandBits.qie);
};
