import { pageOf } from "../../events/address.ts";
import {
  directoryReserved,
  PasidEntry,
  pasidPointerReserved,
  pasidReserved,
  pasidTypes,
} from "../../events/context/pasid-entry.ts";
import { scalableContextReserved } from "../../events/context/scalable-context-entry.ts";
import { scalableRootReserved } from "../../events/context/scalable-root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import type { FirstStageRules } from "../../projections/first-stage/first-stage.ts";
import type { Guest } from "../../projections/guest.ts";
import { wordIn } from "../../tables/memory.ts";
import { tablePage } from "../memory/table-page.ts";
import { perProfile } from "../per-profile.ts";
import type { Context, ContextStep, PasidPart } from "./context.ts";

/** What resolving a request has found so far. */
interface Reading {
  readonly guest: Guest;
  readonly step: ((step: ContextStep) => void) | undefined;
  /** FPD of what was read so far. */
  fpd: boolean;
}

/** `count` words of 64 bits as one number, the first the lowest; none when unreadable. */
function read(
  { guest, step }: Reading,
  table: ContextStep["table"],
  address: bigint,
  count: number,
): bigint | undefined {
  const page = tablePage(guest, pageOf(address));
  let entry: bigint | undefined;
  if (page !== undefined) {
    entry = 0n;
    const offset = Number(address & 0xfffn);
    for (let word = 0; word < count; word++) {
      entry |= wordIn(page, offset + word * 8) << BigInt(word * 64);
    }
  }
  step?.({ table, address, entry });
  return entry;
}

const blocked = ({ fpd }: Reading, code: number, pasid?: PasidPart): Context => ({
  kind: "blocked",
  reason: code,
  fpd,
  pasid,
});

const rootMask = perProfile(scalableRootReserved);
const contextMask = perProfile(scalableContextReserved);
const directoryMask = perProfile(directoryReserved);
const entryMask = perProfile(pasidReserved);

const pointerBits = ((1n << 52n) - 1n) << 12n;
const bit = (word: bigint, at: number): boolean => ((word >> BigInt(at)) & 1n) === 1n;

/**
 * Resolves the requests of a source-id in scalable mode, with a PASID or without. Order of checks:
 * root entry (38h, 39h, 3Ah), context entry (40h, 41h, 42h), the PASID (45h, 46h, 48h), directory
 * entry (50h, 51h, 52h), PASID entry (58h, 59h, 5Ah, 5Bh).
 *
 * @param step  told of each entry read.
 */
export function resolveScalable(
  guest: Guest,
  source: number,
  pasid: number | undefined,
  step?: (step: ContextStep) => void,
): Context {
  const { profile } = guest;
  const reading: Reading = { guest, step, fpd: false };
  const half = (source & 0x80) === 0 ? 0n : 8n;
  const roots = (guest.rootPointer & pointerBits) + BigInt(source >> 8) * 16n;
  const root = read(reading, "root", roots + half, 1);
  if (root === undefined) return blocked(reading, reason.scalableRootAccess);
  if (!bit(root, 0)) return blocked(reading, reason.scalableRootNotPresent);
  if ((root & rootMask(profile)) !== 0n) {
    return blocked(reading, reason.scalableRootReserved);
  }
  const place = (root & pointerBits) + BigInt(source & 0x7f) * 32n;
  const context = read(reading, "context", place, 4);
  if (context === undefined) return blocked(reading, reason.scalableContextAccess);
  reading.fpd = bit(context, 1);
  if (!bit(context, 0)) return blocked(reading, reason.scalableContextNotPresent);
  if ((context & contextMask(profile)) !== 0n) {
    return blocked(reading, reason.scalableContextReserved);
  }
  return withContext(reading, context, pasid);
}

/** Goes on from a valid context entry: which PASID, and its directory entry. */
function withContext(reading: Reading, context: bigint, pasid: number | undefined): Context {
  const { profile } = reading.guest;
  const bits = Math.min(20, Number((context >> 9n) & 7n) + 13);
  if (pasid !== undefined) {
    if (!bit(context, 3)) return blocked(reading, reason.pasidDisabled);
    const limit = 2 ** Math.min(bits, profile.pasidBits);
    if (pasid >= limit) return blocked(reading, reason.pasidBeyondDirectory);
  }
  const tag = pasid ?? Number((context >> 64n) & 0xfffffn);
  if (tag >= 2 ** bits) return blocked(reading, reason.ridPasidInvalid);
  const part: PasidPart = {
    tag,
    sre: false,
    ere: false,
    privileged: pasid === undefined && bit(context, 84),
    dte: bit(context, 2),
    pre: bit(context, 4),
  };
  const place = (context & pointerBits) + BigInt(tag >>> 6) * 8n;
  const directory = read(reading, "PASID directory", place, 1);
  if (directory === undefined) return blocked(reading, reason.directoryAccess, part);
  reading.fpd ||= bit(directory, 1);
  if (!bit(directory, 0)) return blocked(reading, reason.directoryNotPresent, part);
  if ((directory & directoryMask(profile)) !== 0n)
    return blocked(reading, reason.directoryReserved, part);
  const entryAt = (directory & pointerBits) + BigInt(tag & 63) * 64n;
  const entry = read(reading, "PASID entry", entryAt, 8);
  if (entry === undefined) return blocked(reading, reason.pasidAccess, part);
  reading.fpd ||= bit(entry, 1);
  if (!bit(entry, 0)) return blocked(reading, reason.pasidNotPresent, part);
  return withPasid(reading, entry, part);
}

/** Reading: P is checked before all else of the entry; QEMU looks at PGTT and AW first. */
function withPasid(reading: Reading, entry: bigint, above: PasidPart): Context {
  const { profile } = reading.guest;
  const { fpd } = reading;
  const fields = PasidEntry.decode(entry);
  const reserved = entryMask(profile) | pasidPointerReserved(profile, fields.pgtt);
  if ((entry & reserved) !== 0n) return blocked(reading, reason.pasidReserved, above);
  const pasid = { ...above, sre: fields.sre, ere: fields.ere };
  const { did, pgtt, fspm } = fields;
  const second = { root: pageOf(fields.ssptptr), levels: (fields.aw + 2) as Levels };
  const first: FirstStageRules = {
    root: pageOf(fields.fsptptr),
    levels: fspm === 1 ? 5 : 4,
    wpe: fields.wpe,
    nxe: fields.nxe,
    smep: fields.smep,
    eafe: fields.eafe,
  };
  const usesSecond = pgtt === pasidTypes.secondStage || pgtt === pasidTypes.nested;
  const usesFirst = pgtt === pasidTypes.firstStage || pgtt === pasidTypes.nested;
  if (!isTypeSupported(profile, pgtt)) return blocked(reading, reason.pasidInvalid, pasid);
  if (usesSecond && !profile.levels.has(second.levels)) {
    return blocked(reading, reason.pasidInvalid, pasid);
  }
  if (usesFirst && fspm !== 0 && !(fspm === 1 && profile.firstStage5)) {
    return blocked(reading, reason.pasidInvalid, pasid);
  }
  if (pgtt === pasidTypes.passThrough) return { kind: "passThrough", did, fpd, pasid };
  if (usesSecond && fields.ssade) return { kind: "refused", did, fpd, pasid };
  if (!usesFirst) return { kind: "tables", did, fpd, pasid, ...second };
  return { kind: "firstStage", did, fpd, pasid, first, second: usesSecond ? second : undefined };
}

/** Each translation type has a capability of its own. */
function isTypeSupported(profile: Profile, pgtt: number): boolean {
  if (pgtt === pasidTypes.firstStage) return profile.flts;
  if (pgtt === pasidTypes.secondStage) return profile.ssts;
  if (pgtt === pasidTypes.nested) return profile.nest;
  return pgtt === pasidTypes.passThrough && profile.passThrough;
}
