import { levelsOfWidth } from "../../events/context/context-entry.ts";
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
import { bitMask } from "../../events/layout/layout-field.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import { scalableTables } from "../../projections/context/context-table.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Progress } from "./entry-read.ts";
import { hasFpd, isPresent, pointerIn, readEntry } from "./entry-read.ts";
import { hasNoRidPasid, hasOnePasidReason } from "./reasons.ts";

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

/** Bits of a scalable context entry that are checked: 8:5, from 85 on, and beyond the width. */
const contextChecked = ({ haw }: Profile): bigint =>
  ScalableContextEntry.reservedMask | bitMask(63, haw);

type Stop = { readonly reason: number; readonly fpd: boolean };
type Found = { readonly context: bigint } | Stop;

/** The bit of a source-id that says which half of a root entry is its own. */
const otherHalf = 1 << scalableTables.root.shift;

/** Root and context entry as they are in memory, in the order in which QEMU checks them. */
function contextInMemory(progress: Progress, source: number): Found {
  const { met, guest } = progress;
  const { profile, rootPointer } = guest;
  const start = pointerIn(rootPointer);
  const own = readEntry(progress, scalableTables.root, start, { source });
  const other = readEntry(progress, scalableTables.root, start, { source: source ^ otherHalf });
  if (own === undefined || other === undefined) return { reason: 0x8, fpd: false };
  if (!isPresent(own)) return { reason: 0x1, fpd: false };
  const reserved = scalableRootReserved(profile);
  if (((own | other) & reserved) !== 0n) {
    if ((own & reserved) === 0n) met.add("root-other-half");
    return { reason: 0xa, fpd: false };
  }
  const context = readEntry(progress, scalableTables.context, pointerIn(own), { source });
  if (context === undefined) return { reason: 0x9, fpd: false };
  const fpd = hasFpd(context);
  if (!isPresent(context)) return { reason: 0x2, fpd };
  if ((context & contextChecked(profile)) === 0n) return { context };
  if (fpd) met.add("context-reserved-unsuppressed");
  return { reason: 0xb, fpd: false };
}

/** Whether the type of a PASID entry, and its levels, are ones that QEMU goes on with. */
function isTypeKnown({ guest, met }: Progress, entry: bigint): boolean {
  const { profile } = guest;
  const { pgtt, aw, fspm } = PasidEntry.decode(entry);
  const { firstStage, secondStage, nested, passThrough } = pasidTypes;
  const hasLevels = profile.levels.has(levelsOfWidth(aw) as Levels);
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
function stopped({ met, guest }: Progress, above: Above, reason: number, fpd: boolean): TablesRead {
  const { context, contextFpd } = above;
  const isOld = hasOnePasidReason(guest);
  const isHeeded = contextFpd && !isOld && reason !== 0x50 && reason !== 0x58;
  if (!isHeeded && (fpd || contextFpd)) met.add("pasid-fpd-ignored");
  const fault = { reason: isOld ? 0x58 : reason, fpd: isHeeded };
  return { met, fault, context, fpd: isHeeded, isValid: false };
}

/** Directory and PASID entry, of which it looks at little while it remembers the context entry. */
function pasidRead(progress: Progress, above: Above): TablesRead {
  const { guest, met } = progress;
  const { profile } = guest;
  const { context, contextFpd, isCached } = above;
  const { ridPasid, pasiddirptr } = ScalableContextEntry.decode(context);
  const pasid = hasNoRidPasid(guest) ? 0 : ridPasid;
  const unread: TablesRead = { met, context, fpd: true, isValid: false };
  const stopOr = (isLenient: boolean, reason: number, fpd: boolean): TablesRead => {
    if (!isLenient) return stopped(progress, above, reason, fpd);
    met.add("pasid-entry-unread");
    return unread;
  };
  const directory = readEntry(progress, scalableTables.directory, pasiddirptr, { pasid });
  if (directory === undefined) return stopOr(isCached && contextFpd, 0x50, false);
  const isAbove = contextFpd || hasFpd(directory);
  const isLenient = isCached && isAbove;
  if (!isPresent(directory)) return stopOr(isLenient, 0x51, isAbove);
  if ((directory & directoryReserved(profile)) !== 0n) met.add("pasid-reserved-ignored");
  const entry = readEntry(progress, scalableTables.pasid, pointerIn(directory), { pasid });
  if (entry === undefined) return stopOr(isLenient, 0x58, isAbove);
  const { pgtt } = PasidEntry.decode(entry);
  const reserved = pasidReserved(profile) | pasidPointerReserved(profile, pgtt);
  if ((entry & reserved) !== 0n) met.add("pasid-reserved-ignored");
  const fpd = isAbove || hasFpd(entry);
  const isKnown = isTypeKnown(progress, entry);
  const isHere = isPresent(entry);
  if (!isHere && (isCached || !isKnown)) met.add("pasid-presence-ignored");
  if (!isKnown && !isLenient) return stopped(progress, above, 0x5b, fpd);
  if (!isHere && !isCached) return stopped(progress, above, 0x59, fpd);
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
  const progress: Progress = { guest, met, isAtDevice: false };
  const all = readWith(progress, source, cached);
  if (!progress.isAtDevice) return all;
  met.add("table-in-device-memory");
  return { met, fpd: false, isValid: false };
}

function readWith(progress: Progress, source: number, cached: bigint | undefined): TablesRead {
  const { met, guest } = progress;
  const found = cached === undefined ? contextInMemory(progress, source) : { context: cached };
  if ("reason" in found) return { met, fault: found, fpd: found.fpd, isValid: false };
  const { context } = found;
  const { pdts, ridPasid, pre, dte, fpd: contextFpd } = ScalableContextEntry.decode(context);
  const isUnlooked = (context & scalableContextReserved(guest.profile)) !== 0n;
  const isInvalid = ridPasid >> (pdts + 13) !== 0 || (pre && !dte);
  if (isUnlooked || isInvalid) met.add("context-reserved-ignored");
  return pasidRead(progress, { context, contextFpd, isCached: cached !== undefined });
}

/**
 * The PASID entry of a source-id, where QEMU finds nothing wrong with it.
 *
 * @param cached  the context entry that it remembers, if it does and does not look anew.
 */
export function validPasid(guest: Guest, source: number, cached?: bigint): bigint | undefined {
  const { entry, isValid } = readTables(guest, source, cached);
  return isValid ? entry : undefined;
}
