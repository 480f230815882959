import { gpaOfPage, sourceId } from "../../events/address.ts";
import type { InputOf } from "../../events/input.ts";
import { arena, sources } from "./arena.ts";
import type { Asker } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, writeWord } from "./driver.ts";
import { clearQueueErrors, deviceTlbWord, flushContexts } from "./queue.ts";
import { announceAll, pasidDevicePagesWord, pasidDeviceTlbWord } from "./scalable-queue.ts";
import { scalableContextAddress } from "./scalable-tables.ts";

type HeldRequest = Omit<InputOf<"DmaIssue">, "type" | "tag">;
type Holder = Asker & { readonly page: number };

/** The guest lets a device forget what it was just told; now and then the device fails. */
function forget(driver: Driver, { device, page, pasid }: Holder, draw: number): void {
  const words = [
    pasidDevicePagesWord(device, pasid ?? 0, page, 0),
    pasidDeviceTlbWord(device, pasid ?? 0, true),
    pasidDeviceTlbWord(device, pasid ?? 0, false),
    pasidDevicePagesWord(device, (pasid ?? 0) ^ 1, page, 0),
    deviceTlbWord(device),
  ];
  const usual = pasid === undefined ? deviceTlbWord(device) : pick(words, draw);
  const word = draw % 8 === 7 ? pick(words, draw >> 3) : usual;
  if (!announceAll(driver, [word], draw)) return;
  const result = (draw >> 4) % 3 === 0 ? "failed" : "done";
  emit(driver, { type: "DeviceTlbAnswer", device: sourceId(device), result });
  if (result === "failed") clearQueueErrors(driver);
}

/** The toolstack lets the data pages be read alone for a moment. */
function protect(driver: Driver): void {
  const [first = 0] = arena.data;
  const range = { gpa: gpaOfPage(first), length: BigInt(arena.data.length) * 4096n };
  for (const write of [false, true]) {
    emit(driver, { type: "P2mProtect", ...range, read: true, write });
  }
}

const dte = 4n;

/** The guest forbids the device to send translated requests, for a moment. */
function forbid(driver: Driver, { device }: Holder, use: () => void): void {
  const source = device === sources.behindBridge ? sources.bridge : device;
  const address = scalableContextAddress(source);
  const word = driver.words.get(address);
  if (word === undefined || !driver.isScalable) return;
  for (const value of [word & ~dte, word]) {
    writeWord(driver, address, value);
    flushContexts(driver, "device", 0, source);
    if (value !== word) use();
  }
}

/** By draw, what a device was just told is taken from it by the guest or the host, and used. */
export function takeBack(driver: Driver, holder: Holder, draw: number, use: HeldRequest): void {
  if (!driver.profile.deviceTlb || draw % 3 === 2) return;
  const how = (draw >> 1) % 8;
  if (how === 0) forbid(driver, holder, () => emit(driver, { type: "Dma", ...use }));
  if (how === 1 || how === 7) protect(driver);
  if (how > 1 && how < 7) {
    const tag = driver.nextTag;
    if (how % 2 === 0) emit(driver, { type: "DmaIssue", tag, ...use });
    driver.nextTag += 1;
    forget(driver, holder, draw >> 4);
  }
  emit(driver, { type: "Dma", ...use });
}
