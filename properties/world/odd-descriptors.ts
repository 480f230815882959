import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { InterruptEntryDescriptor, WaitDescriptor } from "../../events/queue/descriptors.ts";
import { at } from "../../events/registers/offset.ts";
import { reserved } from "../oracle/queue.ts";
import { deviceSources } from "./arena.ts";
import { command, commandBits, placeQueue } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { pick, writeRegister } from "./driver.ts";
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

/** The bits that must be 0 in a descriptor, as the oracle has them. */
function reservedMask(word: bigint): bigint {
  const [low, high] = reserved[Number(word & 0xfn)] ?? [0n, 0n];
  return low | (high << 64n);
}

/** The numbers of the bits of a mask; `edges`: of those beside a bit that is not in it. */
function bitsOf(mask: bigint, edges: boolean): readonly number[] {
  const has = (bit: number): boolean => ((mask >> BigInt(bit)) & 1n) === 1n;
  const all = Array.from({ length: 128 }, (_, bit) => bit).filter(has);
  return edges ? all.filter((bit) => bit === 0 || !has(bit - 1) || !has(bit + 1)) : all;
}

/** How a driver gets over a descriptor that may have halted the queue: a wait takes its place. */
function recover(driver: Driver, draw: Draw): void {
  driver.tail = (driver.tail + queueBytes - 2 * driver.step) % queueBytes;
  enqueue(driver, [waitWord(draw.extra, draw.what), waitWord(draw.extra, draw.what)]);
  clearQueueErrors(driver);
}

/**
 * What is turned in a descriptor: nothing, a reserved bit, mostly one at the edge of a field, or a
 * bit of what a wide one has besides.
 */
function turned({ step }: Driver, { how, word }: Draw, good: bigint): bigint {
  const at = Number(word & 0xffffn);
  const choice = how % 8;
  if (choice < 3) return 0n;
  if (choice === 7 && step === 32) return 1n << BigInt(128 + (at % 128));
  const bits = bitsOf(reservedMask(good), choice !== 6);
  return 1n << BigInt(bits.length === 0 ? 9 : pick(bits, at));
}

function submitOdd(driver: Driver, draw: Draw): void {
  const good = pick(goodWords(driver, draw), more(draw, 16));
  const bit = turned(driver, draw, good);
  submit(driver, [good | bit, waitWord(draw.extra, draw.what)]);
  const device = pick(deviceSources, draw.where);
  const forgets = [deviceTlbWord(device), pasidDeviceTlbWord(device, draw.what % 3, false)];
  if (bit === 0n && driver.profile.deviceTlb && forgets.includes(good)) driver.owing.push(device);
  recover(driver, draw);
}

/**
 * Descriptors of any types, whether the unit knows them or not: as they should be, with one
 * reserved bit set, or with one bit of what a wide one has besides.
 */
export const oddDescriptor: Command = (driver, draw) => {
  if (!usesQueue(driver)) return;
  for (const shift of [0, 4, 8]) {
    submitOdd(driver, { ...draw, how: draw.how >> shift, word: draw.word >> BigInt(shift * 5) });
  }
};

/** The queue is turned on with descriptors in it; by draw while an error of its tail stands. */
export const earlyTail: Command = (driver, draw) => {
  if (!usesQueue(driver)) return;
  submit(driver, [waitWord(3, 3)]);
  const isWrong = draw.how % 2 === 0;
  if (isWrong) {
    writeRegister(driver, at.iqt, 8, 0x7fff0n);
    moveTail(driver);
  }
  command(driver, 0, commandBits.qie);
  placeQueue(driver, draw.extra);
  driver.tail = 0;
  const { did } = someDomain(driver, draw.what);
  const flush = { scope: "domain", did, page: 0, mask: 0, leafOnly: false } as const;
  enqueue(driver, [iotlbWord(flush), waitWord(draw.extra, 4)]);
  moveTail(driver);
  command(driver, commandBits.qie);
  if (isWrong) clearQueueErrors(driver);
};
