import { iova, sourceId } from "../../events/address.ts";
import type { Access } from "../../events/input.ts";
import { arena, deviceSources } from "./arena.ts";
import type { Driver, KeptOut } from "./driver.ts";
import { emit, pick } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { more, pageFrom } from "./mapping-commands.ts";
import { someRequest } from "./requests.ts";

/** Who may have asked for what: in legacy mode without PASID. */
function someAsked(driver: Driver, draw: Draw): KeptOut {
  if (driver.isScalable) {
    const { device, page, rights } = someRequest(driver, draw);
    return { device, page, whose: rights.pasid === undefined ? {} : { pasid: rights.pasid } };
  }
  const device = sourceId(pick(deviceSources, draw.what));
  const { mapped } = driver;
  const known = mapped.length > 0 && draw.where % 4 !== 3;
  const page = known ? pick(mapped, draw.where >> 2).page : pageFrom(driver, draw.where);
  return { device, page, whose: {} };
}

const accessOf = (draw: number): Access => (draw % 3 === 0 ? "write" : "read");

/** The page is used, by whom the host may keep out. */
function use(driver: Driver, { device, page, whose }: KeptOut, draw: number): void {
  const address = iova(BigInt(page) << 12n);
  emit(driver, { type: "Dma", device, iova: address, access: accessOf(draw), length: 8, ...whose });
}

/** Draws who may have asked for what. */
export type Choose = (driver: Driver, draw: Draw) => KeptOut;

/** The host's hardware reports a fault, by draw again and again, and some that it lost. */
function fault(driver: Driver, draw: Draw, choose: Choose): void {
  const { device, page, whose } = choose(driver, draw);
  const reason = pick(["unmapped", "permission", "firstStage"] as const, draw.how);
  const lost = draw.extra % 4 === 3 ? { lost: 1 + (draw.extra % 5) } : {};
  const at = iova((BigInt(page) << 12n) + BigInt(draw.extra & 0xff8));
  const access = accessOf(draw.where);
  const times = draw.extra % 8 === 7 ? 3 : 1;
  for (let time = 0; time < times; time++) {
    emit(driver, { type: "HostFault", device, iova: at, access, reason, ...lost, ...whose });
  }
}

/** Those whom a call failed for are let in again, all of them or the one that waited longest. */
function release(driver: Driver, draw: Draw): void {
  const all = draw.extra % 3 !== 0;
  for (const asked of driver.keptOut.splice(0, all ? driver.keptOut.length : 1)) {
    emit(driver, { type: "HostRelease", device: asked.device, ...asked.whose });
    use(driver, asked, draw.how);
  }
}

/** What a device has in its TLB it uses, whatever it was told since. */
function useHeld(driver: Driver, { device, page, whose }: KeptOut): void {
  const dma = { type: "Dma", device, iova: iova(BigInt(page) << 12n), access: "read" } as const;
  emit(driver, { ...dma, length: 4, ...whose, translated: true });
}

/** A call fails for somebody, or is not answered in time; they try to go on as before. */
function fail(driver: Driver, draw: Draw, choose: Choose): void {
  const asked = choose(driver, draw);
  const holds = driver.profile.deviceTlb && draw.where % 3 === 0;
  if (holds) {
    const { device, page, whose } = asked;
    const address = iova(BigInt(page) << 12n);
    emit(driver, { type: "AtsRequest", device, iova: address, access: "read", ...whose });
  }
  const result = draw.extra % 2 === 0 ? "failed" : "timedOut";
  emit(driver, { type: "HostCallFailed", device: asked.device, result, ...asked.whose });
  use(driver, asked, draw.how);
  if (holds) useHeld(driver, asked);
  if (draw.how % 4 === 0) {
    const page = pick(arena.data, draw.extra);
    use(driver, { ...asked, page }, draw.how >> 2);
  }
  driver.keptOut.push(asked);
  if (draw.how % 3 === 0) release(driver, draw);
}

/** Migration begins, or ends. */
function track(driver: Driver, draw: Draw): void {
  emit(driver, { type: "DirtyTracking", enabled: draw.how % 3 !== 2 });
}

/** What the host's kernel and hardware do beside the guest: faults, failures, migration. */
export const hostAffairsOf =
  (choose: Choose): Command =>
  (driver, draw) => {
    if (driver.keptOut.length > 0 && more(draw, 24) % 2 === 0) release(driver, draw);
    pick([fault, fail, fail, track, fault, fail], more(draw, 20))(driver, draw, choose);
  };

/** The same, about requests that the driver's tables are for. */
export const hostAffairs: Command = hostAffairsOf(someAsked);

/** Whether something of the host comes after a command: after one in sixteen. */
export const isHostsTurn = (draw: Draw): boolean => more(draw, 28) % 16 === 15;
