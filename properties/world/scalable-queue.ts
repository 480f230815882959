import { sourceId } from "../../events/address.ts";
import { descriptorTypes } from "../../events/descriptor.ts";
import {
  PageGroupResponseDescriptor,
  PasidCacheDescriptor,
  PasidDeviceTlbDescriptor,
  PasidIotlbDescriptor,
} from "../../events/descriptors/scalable.ts";
import { WaitDescriptor } from "../../events/descriptors/translation.ts";
import { bitMask } from "../../events/layout-field.ts";
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

/** Lets devices forget, those with a device TLB, and answers for them as `draw` says. */
export function flushDeviceTlbs(
  driver: Driver,
  keys: readonly { readonly source: number; readonly pasid: number | undefined }[],
  draw: number,
): void {
  if (!driver.profile.deviceTlb || keys.length === 0) return;
  const some = keys.slice(0, 12);
  const words = some.map(({ source, pasid }) =>
    pasid === undefined ? deviceTlbWord(source) : pasidDeviceTlbWord(source, pasid, false),
  );
  if (!announceAll(driver, words, draw)) return;
  driver.owing.push(...new Set(some.map((key) => key.source)));
  if (draw % 8 !== 7) answerAll(driver);
}
