import { at } from "../../events/registers/offset.ts";
import type { Faults } from "../../projections/fault/faults.ts";
import type { ChartStates, Guest, Registers } from "../../projections/guest.ts";
import type { InterruptTable, KnownEntry } from "../../projections/interrupt/interrupts.ts";
import type { PageRequests } from "../../projections/page-request/page-requests.ts";
import type { Queue } from "../../projections/queue/queue.ts";
import type { Radix } from "../../tables/radix.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Digest } from "./digest.ts";
import { kinds } from "./kinds.ts";
import type { Names } from "./names.ts";

const numbers = new Map<string, number>();

/** A number for a word of a vocabulary, the same one as long as the program runs. */
function numberOf(text: string): number {
  let hash = 0x811c_9dc5;
  const known = numbers.get(text);
  if (known !== undefined) return known;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x0100_0193) >>> 0;
  }
  numbers.set(text, hash);
  return hash;
}

/** A word of a vocabulary as a field. */
export const name = (to: Digest, text: string | undefined): void =>
  to.field(text === undefined ? 0 : numberOf(text));

/** Yes or no as a field. */
export const bit = (to: Digest, value: boolean): void => to.field(value ? 1 : 0);

/** A number that may be missing, as a field. */
export const maybe = (to: Digest, value: number | undefined): void =>
  to.field(value === undefined ? -1 : value);

/** Registers that say where in its ring a queue stands. */
const positions: ReadonlySet<number> = new Set([at.iqt >> 2, at.pqh >> 2, at.pqt >> 2]);

/** Bytes of page requests that the driver has not taken. */
function requestBytes(registers: Registers): number {
  const [head, tail, address] = [at.pqh, at.pqt, at.pqa].map((one) => registers[one >> 2] ?? 0n);
  const size = 4096 * 2 ** Number((address ?? 0n) & 7n);
  return (Number(tail) - Number(head) + size) % size;
}

/**
 * Software's registers; where queues roll, how much is in them. What the invalidation queue has is
 * told elsewhere.
 */
export function registerRecords(to: Digest, registers: Registers, rolling: boolean): void {
  for (let slot = 0; slot < registers.length; slot++) {
    const value = registers[slot] as bigint;
    if (value === 0n || (rolling && positions.has(slot))) continue;
    to.begin(kinds.register);
    to.field(slot);
    to.word(value);
    to.end();
  }
  if (!rolling) return;
  to.begin(kinds.register);
  to.field(-1);
  to.field(requestBytes(registers));
  to.end();
}

/** The states of the charts that keep nothing else. */
export function chartRecords(to: Digest, charts: ChartStates): void {
  to.begin(kinds.charts);
  name(to, charts.translation);
  name(to, charts.remapping);
  name(to, charts.protection);
  name(to, charts.life);
  to.end();
}

/** The queue but for its memory, and what the devices owe it, in order. */
export function queueRecords(to: Digest, queue: Queue, rolling: boolean, names: Names): void {
  to.begin(kinds.queue);
  name(to, queue.state);
  to.word(queue.address);
  to.field(rolling ? 0 : queue.head);
  bit(to, queue.lastWasWait);
  const { IQE, ICE, ITE } = queue.errors;
  to.field((IQE ? 1 : 0) + (ICE ? 2 : 0) + (ITE ? 4 : 0));
  to.field(queue.iqei);
  to.field(names.source(queue.iceSource));
  to.field(names.source(queue.iteSource));
  bit(to, queue.waitDone);
  to.end();
  for (const [place, { device, pasid, global, iova, length }] of queue.unanswered.entries()) {
    to.begin(kinds.asked);
    to.field(place);
    to.field(names.source(device));
    maybe(to, pasid);
    bit(to, global);
    to.field(names.iova(Number(iova >> 12n)));
    to.word(length);
    to.end();
  }
}

/** The fault records and their chart. */
export function faultRecords(to: Digest, faults: Faults, names: Names): void {
  to.begin(kinds.faults);
  name(to, faults.state);
  to.field(faults.next);
  to.end();
  for (const [index, record] of faults.records.entries()) {
    if (record === undefined) continue;
    to.begin(kinds.fault);
    to.field(index);
    to.field(names.source(record.source));
    to.field(record.reason);
    to.field(names.iova(Number(record.page >> 12n)));
    bit(to, record.read);
    maybe(to, record.pasid);
    bit(to, record.privileged);
    bit(to, record.execute);
    name(to, record.request);
    to.end();
  }
}

/** Page requests that were not answered, and the chart of their queue. */
export function groupRecords(to: Digest, { state, groups }: PageRequests, names: Names): void {
  to.begin(kinds.groups);
  name(to, state);
  to.end();
  for (const { device, group, pasid, state: stage } of Object.values(groups)) {
    to.begin(kinds.group);
    to.field(names.source(device));
    to.field(group);
    maybe(to, pasid);
    name(to, stage);
    to.end();
  }
}

/** What was latched, and what is allowed. */
export function latchRecords(
  to: Digest,
  guest: Pick<Guest, "rootPointer" | "compatibilityInterrupts" | "interruptTable">,
): void {
  const { address, count, eime }: InterruptTable = guest.interruptTable;
  to.begin(kinds.unit);
  to.word(guest.rootPointer);
  bit(to, guest.compatibilityInterrupts);
  to.word(address);
  to.field(count);
  bit(to, eime);
  to.end();
}

/** The interrupt entry cache. */
export function interruptRecords(to: Digest, cache: Radix<KnownEntry>): void {
  radixForEach(cache, 0, Number.MAX_SAFE_INTEGER, (index, { entry }) => {
    to.begin(kinds.interruptEntry);
    to.field(index);
    to.word(entry & 0xffff_ffff_ffff_ffffn);
    to.word(entry >> 64n);
    to.end();
  });
}
