import { pageOf } from "../../events/address.ts";
import {
  directoryReserved,
  PasidEntry,
  pasidPointerReserved,
  pasidReserved,
  pasidTypes,
} from "../../events/context/pasid-entry.ts";
import {
  ScalableContextEntry,
  scalableContextReserved,
} from "../../events/context/scalable-context-entry.ts";
import { scalableRootReserved } from "../../events/context/scalable-root-entry.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import { tablePage } from "../../hypervisor/memory/table-page.ts";
import type { Guest } from "../../projections/guest.ts";
import { wordIn } from "../../tables/memory.ts";
import { isDevicePage } from "../../target/defined.ts";
import { hasOnePasidReason } from "./reasons.ts";

/** What QEMU makes of the tables of a source-id in scalable mode, down to the PASID entry. */
export interface TablesRead {
  /** Deviations that took part in it. */
  readonly met: Set<string>;
  /** The reason that it stops with, and whether FPD keeps that from being recorded. */
  readonly fault?: { readonly reason: number; readonly fpd: boolean };
  readonly context?: bigint;
  /** The PASID entry, where it goes on with one; what it has in its place is not known else. */
  readonly entry?: bigint;
  /** FPD of all that it looked at for that. */
  readonly fpd: boolean;
  /** Whether it finds nothing wrong with the PASID entry. */
  readonly isValid: boolean;
}

const [presentBit, fpdBit] = [1n, 2n];
const isPresent = (entry: bigint): boolean => (entry & presentBit) !== 0n;
const hasFpd = (entry: bigint): boolean => (entry & fpdBit) !== 0n;
const pointerBits = ((1n << 52n) - 1n) << 12n;

/** How far it has come. */
interface Reading {
  readonly guest: Guest;
  readonly met: Set<string>;
  /** Whether it read from a device: nothing is known of what it did from there on. */
  isAtDevice: boolean;
}

/** Some bytes of a table as a number, or nothing where no memory is. */
function read(reading: Reading, at: bigint, bytes: number): bigint | undefined {
  reading.isAtDevice ||= isDevicePage(pageOf(at));
  const page = tablePage(reading.guest, pageOf(at));
  if (page === undefined) return undefined;
  let value = 0n;
  for (let offset = 0; offset < bytes; offset += 8) {
    value |= wordIn(page, Number(at & 0xfffn) + offset) << BigInt(offset * 8);
  }
  return value;
}

/** Bits of a scalable context entry that are checked: 8:5, from 85 on, and beyond the width. */
const contextChecked = ({ haw }: Profile): bigint =>
  (0xfn << 5n) | (((1n << 64n) - 1n) & ~((1n << BigInt(haw)) - 1n)) | (((1n << 171n) - 1n) << 85n);

type Stop = { readonly reason: number; readonly fpd: boolean };
type Found = { readonly context: bigint } | Stop;

/** Root and context entry as they are in memory, in the order in which QEMU checks them. */
function contextInMemory(reading: Reading, source: number): Found {
  const { met, guest } = reading;
  const { profile, rootPointer } = guest;
  const at = (rootPointer & pointerBits) + BigInt(source >> 8) * 16n;
  const root = read(reading, at, 16);
  if (root === undefined) return { reason: 0x8, fpd: false };
  const isUpper = (source & 0x80) !== 0;
  const halves = [root & ((1n << 64n) - 1n), root >> 64n] as const;
  const [own, other] = isUpper ? [halves[1], halves[0]] : halves;
  if (!isPresent(own)) return { reason: 0x1, fpd: false };
  const reserved = scalableRootReserved(profile);
  if (((own | other) & reserved) !== 0n) {
    if ((own & reserved) === 0n) met.add("root-other-half");
    return { reason: 0xa, fpd: false };
  }
  const context = read(reading, (own & pointerBits) + BigInt(source & 0x7f) * 32n, 32);
  if (context === undefined) return { reason: 0x9, fpd: false };
  const fpd = hasFpd(context);
  if (!isPresent(context)) return { reason: 0x2, fpd };
  if ((context & contextChecked(profile)) === 0n) return { context };
  if (fpd) met.add("context-reserved-unsuppressed");
  return { reason: 0xb, fpd: false };
}

/** Whether the type of a PASID entry, and its levels, are ones that QEMU goes on with. */
function isTypeKnown({ guest, met }: Reading, entry: bigint): boolean {
  const { profile } = guest;
  const { pgtt, aw, fspm } = PasidEntry.decode(entry);
  const { firstStage, secondStage, nested, passThrough } = pasidTypes;
  const hasLevels = profile.levels.has((aw + 2) as Levels);
  if (hasOnePasidReason(guest)) {
    const isOther = pgtt === firstStage || pgtt === nested;
    if (isOther || (pgtt === passThrough && !hasLevels)) met.add("pasid-type-ignored");
    const isKnown = isOther || pgtt === secondStage;
    return hasLevels && (isKnown || (pgtt === passThrough && profile.passThrough));
  }
  if (pgtt === firstStage) return profile.flts && fspm === 0;
  if (pgtt === secondStage) return profile.ssts && hasLevels;
  return pgtt === passThrough && profile.passThrough;
}

/** FPD of the entries above a PASID entry, and whether the context entry is remembered. */
interface Above {
  readonly context: bigint;
  readonly contextFpd: boolean;
  readonly isCached: boolean;
}

/** Where QEMU stops at a PASID fault: it heeds FPD of the context entry, and old versions none. */
function stopped({ met, guest }: Reading, above: Above, reason: number, fpd: boolean): TablesRead {
  const { context, contextFpd } = above;
  const isOld = hasOnePasidReason(guest);
  const isHeeded = contextFpd && !isOld && reason !== 0x50 && reason !== 0x58;
  if (!isHeeded && (fpd || contextFpd)) met.add("pasid-fpd-ignored");
  const fault = { reason: isOld ? 0x58 : reason, fpd: isHeeded };
  return { met, fault, context, fpd: isHeeded, isValid: false };
}

/** Directory and PASID entry, of which it looks at little while it remembers the context entry. */
function pasidRead(reading: Reading, above: Above): TablesRead {
  const { guest, met } = reading;
  const { profile } = guest;
  const { context, contextFpd, isCached } = above;
  const { ridPasid, pasiddirptr } = ScalableContextEntry.decode(context);
  const unread: TablesRead = { met, context, fpd: true, isValid: false };
  const stopOr = (isLenient: boolean, reason: number, fpd: boolean): TablesRead => {
    if (!isLenient) return stopped(reading, above, reason, fpd);
    met.add("pasid-entry-unread");
    return unread;
  };
  const directory = read(reading, pasiddirptr + BigInt(ridPasid >> 6) * 8n, 8);
  if (directory === undefined) return stopOr(isCached && contextFpd, 0x50, false);
  const isAbove = contextFpd || hasFpd(directory);
  const isLenient = isCached && isAbove;
  if (!isPresent(directory)) return stopOr(isLenient, 0x51, isAbove);
  if ((directory & directoryReserved(profile)) !== 0n) met.add("pasid-reserved-ignored");
  const entry = read(reading, (directory & pointerBits) + BigInt(ridPasid & 63) * 64n, 64);
  if (entry === undefined) return stopOr(isLenient, 0x58, isAbove);
  const { pgtt } = PasidEntry.decode(entry);
  const reserved = pasidReserved(profile) | pasidPointerReserved(profile, pgtt);
  if ((entry & reserved) !== 0n) met.add("pasid-reserved-ignored");
  const fpd = isAbove || hasFpd(entry);
  const isKnown = isTypeKnown(reading, entry);
  const isHere = isPresent(entry);
  if (!isHere && (isCached || !isKnown)) met.add("pasid-presence-ignored");
  if (!isKnown && !isLenient) return stopped(reading, above, 0x5b, fpd);
  if (!isHere && !isCached) return stopped(reading, above, 0x59, fpd);
  if (!isKnown) met.add("pasid-type-unchecked");
  return { met, context, entry, fpd, isValid: isKnown && isHere };
}

/**
 * Reads the tables of a source-id as QEMU does.
 *
 * @param cached  the context entry that it remembers, if it does.
 */
export function readTables(guest: Guest, source: number, cached: bigint | undefined): TablesRead {
  const met = new Set<string>();
  const reading: Reading = { guest, met, isAtDevice: false };
  const all = readWith(reading, source, cached);
  if (!reading.isAtDevice) return all;
  met.add("table-in-device-memory");
  return { met, fpd: false, isValid: false };
}

function readWith(reading: Reading, source: number, cached: bigint | undefined): TablesRead {
  const { met, guest } = reading;
  const found = cached === undefined ? contextInMemory(reading, source) : { context: cached };
  if ("reason" in found) return { met, fault: found, fpd: found.fpd, isValid: false };
  const { context } = found;
  const { pdts, ridPasid, fpd: contextFpd } = ScalableContextEntry.decode(context);
  const isUnlooked = (context & scalableContextReserved(guest.profile)) !== 0n;
  if (isUnlooked || ridPasid >> (pdts + 13) !== 0) met.add("context-reserved-ignored");
  return pasidRead(reading, { context, contextFpd, isCached: cached !== undefined });
}

/**
 * Whether QEMU takes a source-id as passed through.
 *
 * @param cached  the context entry that it remembers, if it does and does not look anew.
 */
export function isPassedThrough(guest: Guest, source: number, cached?: bigint): boolean {
  const { entry, isValid } = readTables(guest, source, cached);
  if (entry === undefined || !isValid) return false;
  return PasidEntry.decode(entry).pgtt === pasidTypes.passThrough;
}
