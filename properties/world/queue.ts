import { bitMask } from "../../events/layout/layout-field.ts";
import { contextGranularities, iotlbGranularities } from "../../events/queue/descriptor-field.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import {
  ContextCacheDescriptor,
  DeviceTlbDescriptor,
  IotlbDescriptor,
  WaitDescriptor,
} from "../../events/queue/descriptors.ts";
import { Ccmd, Gcmd } from "../../events/registers/command.ts";
import { Fsts } from "../../events/registers/event-line.ts";
import { Iotlb } from "../../events/registers/iotlb.ts";
import { at, iotlbAt } from "../../events/registers/offset.ts";
import { arena } from "./arena.ts";
import type { Driver } from "./driver.ts";
import { bytesOf, writeBytes, writeRegister } from "./driver.ts";

/** Bytes in the queue: one page, 256 descriptors of 16 bytes or 128 of 32 bytes. */
export const queueBytes = 4096;
const statusAddr = BigInt(arena.status) << 12n;

/** The IOTLB command that covers some pages of a domain, or more. */
export interface Flush {
  readonly scope: "global" | "domain" | "page";
  readonly did: number;
  readonly page: number;
  /** The flush covers 2^mask pages, aligned. */
  readonly mask: number;
  readonly leafOnly: boolean;
}

const granularities = { ...contextGranularities, ...iotlbGranularities };

export function iotlbWord(flush: Flush): bigint {
  return IotlbDescriptor.encode({
    type: descriptorTypes.iotlb,
    g: granularities[flush.scope],
    dw: true,
    dr: true,
    did: flush.did,
    am: flush.mask,
    ih: flush.leafOnly,
    addr: BigInt(flush.page) << 12n,
  });
}

export const contextWord = (
  scope: "global" | "domain" | "device",
  did: number,
  sid: number,
  fm: number,
): bigint =>
  ContextCacheDescriptor.encode({
    type: descriptorTypes.contextCache,
    g: granularities[scope],
    did,
    sid,
    fm,
  });

export const deviceTlbWord = (sid: number): bigint =>
  DeviceTlbDescriptor.encode({
    type: descriptorTypes.deviceTlb,
    sid,
    s: true,
    addr: bitMask(62, 12),
  });

/** A wait that writes `data` to status word `slot`, fencing and interrupting as wanted. */
export const waitWord = (data: number, slot: number, intf = false, fn = false): bigint =>
  WaitDescriptor.encode({
    type: descriptorTypes.wait,
    sw: true,
    intf,
    fn,
    data: data >>> 0,
    statusAddr: statusAddr + BigInt((slot % 16) * 4),
  });

/** Puts descriptors into the queue from the tail on; the tail register is not touched. */
export function enqueue(driver: Driver, words: readonly bigint[], flush = true): void {
  const { step } = driver;
  const bytes = new Uint8Array(words.length * step);
  for (const [index, word] of words.entries()) bytes.set(bytesOf(word, step), index * step);
  const base = arena.queue * 4096;
  const first = Math.min(bytes.length, queueBytes - driver.tail);
  writeBytes(driver, base + driver.tail, bytes.slice(0, first), flush);
  if (first < bytes.length) writeBytes(driver, base, bytes.slice(first), flush);
  driver.tail = (driver.tail + bytes.length) % queueBytes;
}

export const moveTail = (driver: Driver): void =>
  writeRegister(driver, at.iqt, 8, BigInt(driver.tail));

/** Puts descriptors into the queue and lets it run. */
export function submit(driver: Driver, words: readonly bigint[]): void {
  enqueue(driver, words);
  moveTail(driver);
}

/** Whether the driver invalidates through the queue. */
const qie = Number(Gcmd.mask("qie"));

export const usesQueue = (driver: Driver): boolean => (driver.command & qie) !== 0;

/** Clears the errors that the queue halts on. */
export const clearQueueErrors = (driver: Driver): void =>
  writeRegister(driver, at.fsts, 4, Fsts.encode({ iqe: true, ice: true, ite: true }));

/** An IOTLB invalidation by whatever means the driver uses. */
export function flushIotlb(driver: Driver, flush: Flush, draw: number): void {
  if (usesQueue(driver)) {
    submit(driver, [iotlbWord(flush), waitWord(draw, draw)]);
    return;
  }
  const { iro } = driver.profile;
  if (flush.scope === "page") {
    const low = flush.mask | (flush.leafOnly ? 0x40 : 0);
    writeRegister(driver, iro, 8, (BigInt(flush.page) << 12n) | BigInt(low));
  }
  const iirg = granularities[flush.scope];
  writeRegister(
    driver,
    iotlbAt(driver.profile),
    8,
    Iotlb.encode({ did: flush.did, iirg, ivt: true }),
  );
}

/** A context-cache invalidation by whatever means the driver uses. */
export function flushContexts(
  driver: Driver,
  scope: "global" | "domain" | "device",
  did: number,
  sid: number,
  fm = 0,
): void {
  if (usesQueue(driver)) {
    submit(driver, [contextWord(scope, did, sid, fm), waitWord(sid, sid)]);
    return;
  }
  const cirg = granularities[scope];
  writeRegister(driver, at.ccmd, 8, Ccmd.encode({ did, sid, fm, cirg, icc: true }));
}
