import { sourceId } from "../../events/address.ts";
import { at } from "../../events/registers/offset.ts";
import { deviceSources } from "./arena.ts";
import { command, commandBits, placeQueue, writeQueueAddress } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, writeRegister } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import {
  clearQueueErrors,
  deviceTlbWord,
  enqueue,
  iotlbWord,
  moveTail,
  queueBytes,
  submit,
  usesQueue,
  waitWord,
} from "./queue.ts";
import { answerAll } from "./scalable-queue.ts";

const everything = { scope: "global", did: 0, page: 0, mask: 0, leafOnly: false } as const;

const time = (driver: Driver): void => emit(driver, { type: "InvalidationTimeout" });

/** Nobody waits for any device, and no error stands. */
function settle(driver: Driver): void {
  time(driver);
  clearQueueErrors(driver);
}

/** Turns the queue off as it may be. */
function stop(driver: Driver): void {
  submit(driver, [waitWord(3, 3)]);
  command(driver, 0, commandBits.qie);
}

/** Turns the queue on, with its descriptors as wide as they may be. */
function start(driver: Driver, draw: number): void {
  placeQueue(driver, draw);
  driver.tail = 0;
  writeRegister(driver, at.iqt, 8, 0n);
  command(driver, commandBits.qie);
}

/** Puts a wait in the place of the descriptor that the queue halted on, and lets it go on. */
function mend(driver: Driver): void {
  driver.tail = (driver.tail + queueBytes - driver.step) % queueBytes;
  submit(driver, [waitWord(5, 5), waitWord(6, 6)]);
  clearQueueErrors(driver);
}

/** A device is asked to forget, and nothing waits for it, or the queue halts meanwhile. */
const lateAnswer: Command = (driver, draw) => {
  const device = pick(deviceSources, draw.what);
  const wrong = draw.how % 3 === 0;
  const asked = deviceTlbWord(device);
  submit(driver, wrong ? [asked, 0xfn] : draw.how % 3 === 1 ? [asked] : [asked, waitWord(1, 1)]);
  if (draw.extra % 5 === 0) driver.owing.push(device);
  else time(driver);
  if (wrong) mend(driver);
  else clearQueueErrors(driver);
};

/** Where a tail cannot be: beyond the end, or half a descriptor on. */
const strayTail = ({ step, tail }: Driver, draw: number): bigint =>
  BigInt(step === 32 && draw % 3 !== 0 ? tail + 16 : queueBytes + (draw % 4) * step);

/** While the queue waits for a device it is turned off, or its tail moves to where it cannot be. */
const whileWaiting: Command = (driver, draw) => {
  const device = sourceId(pick(deviceSources, draw.what));
  answerAll(driver);
  settle(driver);
  submit(driver, [deviceTlbWord(device), waitWord(2, 2)]);
  const turnsOff = draw.how % 4 === 0;
  if (turnsOff) command(driver, 0, commandBits.qie);
  if (turnsOff) command(driver, commandBits.qie);
  else writeRegister(driver, at.iqt, 8, strayTail(driver, draw.extra));
  const result = draw.extra % 8 === 7 ? "failed" : "done";
  emit(driver, { type: "DeviceTlbAnswer", device, result });
  moveTail(driver);
  clearQueueErrors(driver);
};

/** The tail moves to where it cannot be, and back. */
const oddTail: Command = (driver, draw) => {
  settle(driver);
  writeRegister(driver, at.iqt, 8, strayTail(driver, draw.extra));
  moveTail(driver);
  clearQueueErrors(driver);
};

/** The queue is turned off after a descriptor that is no wait, which it does not take. */
const offTooEarly: Command = (driver) => {
  settle(driver);
  submit(driver, [iotlbWord(everything)]);
  command(driver, 0, commandBits.qie);
  command(driver, commandBits.qie);
};

/** An answer that nobody waits for halts the queue, which is turned off all the same. */
const offWhileHalted: Command = (driver, draw) => {
  settle(driver);
  submit(driver, [waitWord(4, 4)]);
  const device = sourceId(pick(deviceSources, draw.what));
  emit(driver, { type: "DeviceTlbAnswer", device, result: "done" });
  command(driver, 0, commandBits.qie);
  start(driver, draw.extra);
  clearQueueErrors(driver);
};

/** Moves the queue while it is on, and off, to where it is. */
const sameAddress: Command = (driver, draw) => {
  if (draw.how % 2 === 0) placeQueue(driver, draw.extra);
  stop(driver);
  placeQueue(driver, draw.extra);
  start(driver, draw.extra);
};

/** A unit without scalable mode is told that its descriptors are wide. */
const tooWide: Command = (driver, draw) => {
  if (driver.profile.smts) return;
  stop(driver);
  writeQueueAddress(driver, true);
  writeRegister(driver, at.iqt, 8, 0n);
  command(driver, commandBits.qie);
  driver.tail = 0;
  enqueue(driver, [waitWord(1, 1), 0n]);
  moveTail(driver);
  writeRegister(driver, at.iqt, 8, 0n);
  command(driver, 0, commandBits.qie);
  start(driver, draw.extra);
  clearQueueErrors(driver);
};

const mishaps = [oddTail, oddTail, offTooEarly, offWhileHalted, sameAddress, tooWide];
const ofDevices = [
  ...[lateAnswer, lateAnswer, lateAnswer, whileWaiting, whileWaiting],
  ...[whileWaiting, whileWaiting, whileWaiting],
];

/** Something that seldom happens to the invalidation queue. */
export const queueMishap: Command = (driver, draw, manner) => {
  if (!usesQueue(driver)) return;
  const choices = driver.profile.deviceTlb ? [...mishaps, ...ofDevices] : mishaps;
  pick(choices, draw.where)(driver, draw, manner);
};
