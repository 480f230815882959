import { sourceId } from "../../events/address.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import { descriptorTypes } from "../../events/queue/descriptor-scope.ts";
import { WaitDescriptor } from "../../events/queue/descriptors.ts";
import {
  PageGroupResponseDescriptor,
  PasidCacheDescriptor,
  PasidDeviceTlbDescriptor,
  PasidIotlbDescriptor,
} from "../../events/queue/scalable-descriptors.ts";
import type { Driver } from "./driver.ts";
import { emit } from "./driver.ts";
import { deviceTlbWord, submit, usesQueue, waitWord } from "./queue.ts";

/** The domain-id and the PASID that first-stage translations are tagged with. */
export interface Tag {
  readonly did: number;
  readonly pasid: number;
}

const cacheScopes = PasidCacheDescriptor.fields.g.names;

export const pasidCacheWord = (scope: keyof typeof cacheScopes, { did, pasid }: Tag): bigint =>
  PasidCacheDescriptor.encode({
    type: descriptorTypes.pasidCache,
    g: cacheScopes[scope],
    did,
    pasid,
  });

/** All of a PASID's first-stage translations. */
export const pasidIotlbWord = ({ did, pasid }: Tag): bigint =>
  PasidIotlbDescriptor.encode({
    type: descriptorTypes.pasidIotlb,
    g: PasidIotlbDescriptor.fields.g.names.pasid,
    did,
    pasid,
  });

/** Those of 2^`mask` pages, aligned. */
export const pasidPagesWord = (
  { did, pasid }: Tag,
  page: number,
  mask: number,
  leafOnly: boolean,
): bigint =>
  PasidIotlbDescriptor.encode({
    type: descriptorTypes.pasidIotlb,
    g: PasidIotlbDescriptor.fields.g.names.page,
    did,
    pasid,
    am: mask,
    ih: leafOnly,
    addr: BigInt(page) << 12n,
  });

/** All that a device holds of a PASID, or of every PASID. */
export const pasidDeviceTlbWord = (sid: number, pasid: number, global: boolean): bigint =>
  PasidDeviceTlbDescriptor.encode({
    type: descriptorTypes.pasidDeviceTlb,
    sid,
    pasid,
    g: global,
    s: true,
    addr: bitMask(62, 12),
  });

/** One page, or an aligned block of 2^`order` pages, that a device holds of a PASID. */
export function pasidDevicePagesWord(
  sid: number,
  pasid: number,
  page: number,
  order: number,
): bigint {
  const block = BigInt(page - (page % 2 ** order));
  const ones = order === 0 ? 0n : (1n << BigInt(order - 1)) - 1n;
  return PasidDeviceTlbDescriptor.encode({
    type: descriptorTypes.pasidDeviceTlb,
    sid,
    pasid,
    s: order > 0,
    addr: (block | ones) << 12n,
  });
}

/** What the guest answers a group of page requests. */
export interface Response {
  readonly rid: number;
  readonly pasid: number | undefined;
  readonly rc: number;
  readonly group: number;
  readonly last: boolean;
}

export const responseWord = ({ rid, pasid, rc, group, last }: Response): bigint =>
  PageGroupResponseDescriptor.encode({
    type: descriptorTypes.pageGroupResponse,
    pp: pasid !== undefined,
    rc,
    rid,
    pasid: pasid ?? 0,
    lpig: last,
    prgi: group,
  });

/** A wait that lets page requests drain. */
export const drainWord = (data: number, slot: number): bigint =>
  waitWord(data, slot, false, true) | WaitDescriptor.mask("pd");

/**
 * Puts descriptors into the queue with a wait behind them.
 *
 * @returns whether the queue is on, and wide enough for them.
 */
export function announceAll(driver: Driver, words: readonly bigint[], draw: number): boolean {
  if (!usesQueue(driver) || driver.step === 16 || words.length === 0) return false;
  submit(driver, [...words.slice(0, 24), waitWord(draw, draw)]);
  return true;
}

/** Devices answer what they owe. */
export function answerAll(driver: Driver): void {
  for (const source of driver.owing.splice(0)) {
    emit(driver, { type: "DeviceTlbAnswer", device: sourceId(source), result: "done" });
  }
}

/** Who holds translations: a device, with the PASID that they are for or without. */
export interface Holder {
  readonly device: number;
  readonly pasid: number | undefined;
}

/** A descriptor for each device: for requests without PASID, for one PASID, or for them all. */
function forgetWords(holders: readonly Holder[]): readonly (readonly [number, bigint])[] {
  return [...new Set(holders.map(({ device }) => device))].flatMap((device) => {
    const pasids = new Set(holders.filter((one) => one.device === device).map((one) => one.pasid));
    const plain = pasids.delete(undefined) ? [[device, deviceTlbWord(device)] as const] : [];
    const [pasid] = pasids;
    if (pasid === undefined) return plain;
    return [...plain, [device, pasidDeviceTlbWord(device, pasid, pasids.size > 1)] as const];
  });
}

/** Lets devices forget all that they hold, and answers for them as `draw` says. */
export function flushDeviceTlbs(driver: Driver, holders: readonly Holder[], draw: number): void {
  if (!driver.profile.deviceTlb) return;
  const words = forgetWords(holders).slice(0, 5);
  if (
    !announceAll(
      driver,
      words.map(([, word]) => word),
      draw,
    )
  )
    return;
  driver.owing.push(...words.map(([device]) => device));
  if (draw % 8 !== 7) answerAll(driver);
}
