import { at } from "../../projections/registers.ts";
import { command, memory, qie, te, write8 } from "./driver.ts";
import type { Inputs } from "./given.ts";
import { words } from "./scalable-driver.ts";

/** Where the queue of 256-bit descriptors lies. */
export const wideQueue = 0x1_2000n;

/** IQA with descriptors of 256 bits: 128 of them. */
export const wideQueueOn: Inputs = [write8(at.iqa, wideQueue | 0x800n), command(te | qie)];

/** Puts 256-bit descriptors into the queue from an index on, and moves the tail behind them. */
export function submitWideAt(index: number, ...descriptors: readonly bigint[]): Inputs {
  const start = BigInt(index) * 32n;
  const tail = start + BigInt(descriptors.length) * 32n;
  const all = descriptors.flatMap((one) => words(one, 4));
  return [memory(wideQueue + start, ...all), write8(at.iqt, tail)];
}
export const submitWide = (...descriptors: readonly bigint[]): Inputs =>
  submitWideAt(0, ...descriptors);

/** Descriptors that scalable mode adds. */
export const pasidsOfAll = 0x37n;
export const pasidsOfDomain = (did: number): bigint => 0x07n | (BigInt(did) << 16n);
export const pasidCacheOf = (did: number, pasid: number): bigint =>
  0x17n | (BigInt(did) << 16n) | (BigInt(pasid) << 32n);
export const pasidIotlbOf = (did: number, pasid: number): bigint =>
  0x26n | (BigInt(did) << 16n) | (BigInt(pasid) << 32n);
export const pasidIotlbOfPage = (did: number, pasid: number, iova: bigint, am = 0): bigint =>
  0x36n | (BigInt(did) << 16n) | (BigInt(pasid) << 32n) | ((iova | BigInt(am)) << 64n);
