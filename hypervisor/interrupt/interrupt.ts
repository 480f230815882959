import type { SourceId } from "../../events/address.ts";
import { sourceId } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import {
  destinationOf,
  interruptEntryReserved,
  isPosted,
  PostedEntry,
  RemappedEntry,
} from "../../events/interrupt/interrupt-entry.ts";
import type {
  InterruptMessage,
  InterruptRequest,
} from "../../events/interrupt/interrupt-request.ts";
import { messageOf } from "../../events/interrupt/interrupt-request.ts";
import { readersOf } from "../../events/layout/layout.ts";
import { remapping } from "../../machines/interrupt/remapping.ts";
import type { Draft, Guest } from "../../projections/guest.ts";
import { readInterruptEntry } from "../../projections/interrupt/interrupt-entry.ts";
import { radixGet } from "../../tables/radix.ts";
import { reportFault } from "../fault/fault.ts";
import type { Turn } from "../turn.ts";
import { ask, guestIn, record } from "../turn.ts";
import { post } from "./post.ts";

/** Pages of the address in a fault record that one interrupt index takes: it is in bits 63:48. */
const indexPages = 2 ** 36;

/** Who asks for what. A request whose sender was not recorded has no source-id. */
interface Asker {
  readonly source: SourceId | undefined;
  readonly index?: number;
}

function said({ source, index }: Asker): { readonly source?: SourceId; readonly index?: number } {
  if (source === undefined) return index === undefined ? {} : { index };
  return index === undefined ? { source } : { source, index };
}

function deliver(turn: Turn, asker: Asker, message: InterruptMessage): void {
  const fact: Draft<FactOf<"InterruptDelivered">> = { type: "InterruptDelivered", ...message };
  if (asker.source !== undefined) fact.source = asker.source;
  if (asker.index !== undefined) fact.index = asker.index;
  record(turn, fact);
}

/**
 * Blocks a request and reports why. The record has the interrupt index where there is one.
 *
 * Reading: the fault of a request whose sender is not known is recorded under source-id 00:00.0.
 */
function blockAs(turn: Turn, blocked: FactOf<"InterruptBlocked">, fpd: boolean): void {
  record(turn, blocked);
  const page = (blocked.index ?? 0) * indexPages;
  const source = blocked.source ?? sourceId(0);
  reportFault(turn, { source, reason: blocked.reason, page, access: "write", fpd });
}

const block = (turn: Turn, asker: Asker, why: number, fpd = false): void =>
  blockAs(turn, { type: "InterruptBlocked", ...said(asker), reason: why }, fpd);

const remapped = readersOf(RemappedEntry);

const present = RemappedEntry.mask("present");

const reservedOf = ({ profile, interruptTable }: Guest, entry: bigint): bigint =>
  interruptEntryReserved(profile, entry, interruptTable.eime);

/** Whether a unit may keep an entry that it has read. */
const isCacheable = (guest: Guest, entry: bigint): boolean =>
  guest.profile.cachingMode ||
  ((entry & present) !== 0n && (entry & reservedOf(guest, entry)) === 0n);

/**
 * The entry that a request meets: as it is remembered, else as memory has it, and then it is
 * remembered.
 *
 * Reading: with caching mode entries that are not present or have reserved bits set are remembered
 * too, as those of other tables are; one that could not be read never is.
 */
function entryAt(turn: Turn, index: number): bigint | undefined {
  const guest = guestIn(turn);
  const known = radixGet(guest.interruptCache, index);
  if (known !== undefined) return known.entry;
  const entry = readInterruptEntry(guest, index);
  if (entry === undefined || !isCacheable(guest, entry)) return entry;
  record(turn, { type: "InterruptEntryCached", index, entry });
  return entry;
}

/** The message that an entry makes of a request. */
function remappedMessage(entry: bigint, eime: boolean): InterruptMessage {
  const { dst, vector, dlm, dm, tm, rh } = remapped;
  return messageOf(destinationOf(dst(entry), eime), {
    vector: vector(entry),
    dlm: dlm(entry),
    dm: dm(entry),
    tm: tm(entry),
    rh: rh(entry),
  });
}

/** Sends a request through its entry. Order of checks: index, access, then those of the entry. */
function remap(turn: Turn, asker: Asker & { readonly index: number }): void {
  const guest = guestIn(turn);
  const { interruptTable } = guest;
  const { index } = asker;
  if (index >= interruptTable.count) {
    block(turn, asker, reason.interruptIndex);
    return;
  }
  const entry = entryAt(turn, index);
  if (entry === undefined) {
    block(turn, asker, reason.interruptAccess);
    return;
  }
  const reserved = reservedOf(guest, entry);
  const use = { type: "Use", word: entry, reserved, request: said(asker) } as const;
  const [blocked] = ask(turn, remapping, guest.charts.remapping, use);
  if (blocked?.type === "InterruptBlocked") blockAs(turn, blocked, remapped.fpd(entry));
  else if (isPosted(entry)) {
    const failed = post(turn, said(asker), index, PostedEntry.decode(entry));
    if (failed !== 0) block(turn, asker, failed, remapped.fpd(entry));
  } else deliver(turn, asker, remappedMessage(entry, interruptTable.eime));
}

/**
 * One interrupt request, from the bus to the interrupt controllers, a posted descriptor or a fault.
 * Order of checks: reserved fields of the request (20h), compatibility format (25h), then those of
 * the table and its entry (21h, 23h, 22h, 24h, 26h).
 *
 * @param source  the source-id that the request carries, if it was recorded.
 */
export function requestInterrupt(
  turn: Turn,
  source: SourceId | undefined,
  { message, index, reserved }: InterruptRequest,
): void {
  const { charts, interruptTable, compatibilityInterrupts } = guestIn(turn);
  if (charts.remapping !== "enabled") deliver(turn, { source }, message);
  else if (reserved) block(turn, { source }, reason.interruptReserved);
  else if (index !== undefined) remap(turn, { source, index });
  else if (compatibilityInterrupts && !interruptTable.eime) deliver(turn, { source }, message);
  else block(turn, { source }, reason.compatibilityBlocked);
}
