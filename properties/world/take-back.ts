import { gpaOfPage, sourceId } from "../../events/address.ts";
import { at } from "../../projections/registers.ts";
import { arena } from "./arena.ts";
import type { Asker } from "./belief.ts";
import type { Driver } from "./driver.ts";
import { emit, pick, writeRegister } from "./driver.ts";
import { deviceTlbWord } from "./queue.ts";
import { announceAll, pasidDevicePagesWord, pasidDeviceTlbWord } from "./scalable-queue.ts";

type Holder = Asker & { readonly page: number };

/** The guest lets a device forget what it was just told; now and then the device fails. */
function forget(driver: Driver, { device, page, pasid }: Holder, draw: number): boolean {
  const words = [
    pasidDevicePagesWord(device, pasid ?? 0, page, 0),
    pasidDeviceTlbWord(device, pasid ?? 0, true),
    pasidDeviceTlbWord(device, pasid ?? 0, false),
    deviceTlbWord(device),
  ];
  const usual = pasid === undefined ? deviceTlbWord(device) : pick(words, draw);
  const word = draw % 8 === 7 ? pick(words, draw >> 3) : usual;
  if (!announceAll(driver, [word], draw)) return false;
  const result = (draw >> 4) % 3 === 0 ? "failed" : "done";
  emit(driver, { type: "DeviceTlbAnswer", device: sourceId(device), result });
  if (result === "failed") writeRegister(driver, at.fsts, 4, 0x70n);
  return true;
}

/** The toolstack lets the data pages be read alone for a moment. */
function protect(driver: Driver): boolean {
  const [first = 0] = arena.data;
  const range = { gpa: gpaOfPage(first), length: BigInt(arena.data.length) * 4096n };
  for (const write of [false, true]) {
    emit(driver, { type: "P2mProtect", ...range, read: true, write });
  }
  return true;
}

/**
 * By draw, what a device was just told is taken from it again, by the guest or by the host.
 *
 * @returns whether it was.
 */
export function takeBack(driver: Driver, holder: Holder, draw: number): boolean {
  if (!driver.profile.deviceTlb || draw % 3 !== 0) return false;
  return (draw >> 1) % 4 === 3 ? protect(driver) : forget(driver, holder, draw >> 3);
}
