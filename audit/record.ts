import type { Told, ToldBefore } from "../history/told.ts";
import { withoutShadows } from "../history/told.ts";

/** Invalidations that are kept. */
const most = 4096;

/** What one guest's driver has told its unit so far. */
export interface ToldRecord {
  /** The newest, in order. */
  readonly told: readonly ToldBefore[];
  /** Numbers of the IOTLB invalidations, all of them. */
  readonly flushes: readonly number[];
  /** Numbers of the waits that completed, all of them. */
  readonly waits: readonly number[];
  /** Nothing comes after it. */
  readonly isWhole: boolean;
}

/** Invalidations after which the driver has gone on for sure, while the log still grows. */
const patience = 8;

/**
 * Whether the driver has gone on to other things since an event, so that what it left open then
 * stays so. At the end of a log a completed wait is enough.
 */
export const hasGoneOn = (record: ToldRecord, since: number, now: number): boolean =>
  between(record.waits, since, now + 1) > 0 &&
  (record.isWhole || between(record.flushes, since, now + 1) >= patience);

/** A record that is written to while the steps go by. */
export interface WritableRecord extends ToldRecord {
  readonly told: ToldBefore[];
  readonly flushes: number[];
  readonly waits: number[];
  isWhole: boolean;
}

export const newRecord = (): WritableRecord => ({
  told: [],
  flushes: [],
  waits: [],
  isWhole: false,
});

/** Adds one invalidation. */
export function addTold(record: WritableRecord, told: Told): void {
  const { type } = told.fact;
  if (type === "IotlbInvalidated" || type === "PasidIotlbInvalidated") {
    record.flushes.push(told.seq);
  }
  record.told.push(withoutShadows(told));
  if (record.told.length > 2 * most) record.told.splice(0, most);
}

/** How many of some ascending numbers are at most `seq`. */
export function upTo(numbers: readonly number[], seq: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of some ascending numbers lie after one event and before another. */
export const between = (numbers: readonly number[], after: number, before: number): number =>
  Math.max(0, upTo(numbers, before - 1) - upTo(numbers, after));

/** The invalidations after one event and before another, the first one first. */
export function toldBetween(
  { told }: ToldRecord,
  after: number,
  before: number,
): readonly ToldBefore[] {
  let first = told.length;
  while (first > 0 && (told[first - 1] as ToldBefore).seq > after) first -= 1;
  const found = told.slice(first);
  return found.filter(({ seq }) => seq < before);
}
