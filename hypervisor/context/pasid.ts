import { pageOf } from "../../events/address.ts";
import { levelsOfWidth } from "../../events/context/context-entry.ts";
import {
  directoryReserved,
  levelsOfMode,
  PasidDirectoryEntry,
  PasidEntry,
  pasidPointerReserved,
  pasidReserved,
  pasidTypes,
} from "../../events/context/pasid-entry.ts";
import {
  ScalableContextEntry,
  scalableContextReserved,
} from "../../events/context/scalable-context-entry.ts";
import {
  ScalableRootEntry,
  scalableRootReserved,
} from "../../events/context/scalable-root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { fieldHalves, maskHalves } from "../../events/layout/field-halves.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import { ridPasidIn } from "../../projections/context/context-path.ts";
import { scalableTables } from "../../projections/context/context-table.ts";
import type { FirstStageRules } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { perProfile } from "../memory/guest-memory.ts";
import type { Context, PasidPart } from "./context.ts";
import type { ContextStep, EntryCursor } from "./entry-cursor.ts";
import { fieldOf, hasAny, isSet, newCursor, pointerOf, readEntry } from "./entry-cursor.ts";

const blocked = ({ fpd }: EntryCursor, code: number, pasid?: PasidPart): Context => ({
  kind: "blocked",
  reason: code,
  fpd,
  pasid,
});

/** Reserved bits in halves: of a PASID entry by its type. */
const reservedBits = perProfile((profile) => ({
  root: maskHalves(scalableRootReserved(profile), 64),
  context: maskHalves(scalableContextReserved(profile), ScalableContextEntry.width),
  directory: maskHalves(directoryReserved(profile), PasidDirectoryEntry.width),
  pasid: Array.from({ length: 8 }, (_, pgtt) =>
    maskHalves(pasidReserved(profile) | pasidPointerReserved(profile, pgtt), PasidEntry.width),
  ),
}));

/** Both words of a root entry are alike, and each is read alone. */
const rootBits = fieldHalves(ScalableRootEntry);
const contextBits = fieldHalves(ScalableContextEntry);
const directoryBits = fieldHalves(PasidDirectoryEntry);
const pasidBits = fieldHalves(PasidEntry);

/**
 * Resolves the requests of a source-id in scalable mode, with a PASID or without. Order of checks:
 * root entry (38h, 39h, 3Ah), context entry (40h to 43h), the PASID (45h, 46h, 48h, 89h), directory
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
  const { root, context } = scalableTables;
  const mask = reservedBits(guest.profile);
  const entry = newCursor(guest, source, step);
  if (!readEntry(entry, root, pageOf(guest.rootPointer))) {
    return blocked(entry, reason.scalableRootAccess);
  }
  if (!isSet(entry, rootBits.lp)) return blocked(entry, reason.scalableRootNotPresent);
  if (hasAny(entry, mask.root)) return blocked(entry, reason.scalableRootReserved);
  if (!readEntry(entry, context, pointerOf(entry, root.next))) {
    return blocked(entry, reason.scalableContextAccess);
  }
  entry.fpd = isSet(entry, contextBits.fpd);
  if (!isSet(entry, contextBits.present)) return blocked(entry, reason.scalableContextNotPresent);
  if (hasAny(entry, mask.context)) return blocked(entry, reason.scalableContextReserved);
  return isInconsistent(entry)
    ? blocked(entry, reason.scalableContextInvalid)
    : withContext(entry, pasid);
}

/** The PASIDs that a context entry's directory has entries for. */
const pasidCount = (entry: EntryCursor): number =>
  2 ** Math.min(20, fieldOf(entry, contextBits.pdts) + 13);

/** Page requests without a device TLB, or a RID_PASID beyond the directory. */
const isInconsistent = (entry: EntryCursor): boolean =>
  (isSet(entry, contextBits.pre) && !isSet(entry, contextBits.dte)) ||
  ridPasidIn(entry.page, entry.at) >= pasidCount(entry);

/**
 * Why a request may not have the PASID that it has, or 0.
 *
 * Reading: the directory (46h) counts before RID_PASID (48h), and the unit's own limit (89h) last.
 */
function pasidFault(entry: EntryCursor, pasid: number): number {
  if (!isSet(entry, contextBits.paside)) return reason.pasidDisabled;
  if (pasid >= pasidCount(entry)) return reason.pasidBeyondDirectory;
  if (pasid === ridPasidIn(entry.page, entry.at)) return reason.pasidOfRequester;
  return pasid >= 2 ** entry.guest.profile.pasidBits ? reason.pasidBeyondUnit : 0;
}

/** Goes on from a valid context entry: which PASID, and its directory entry. */
function withContext(entry: EntryCursor, pasid: number | undefined): Context {
  const { profile } = entry.guest;
  const { directory, pasid: last } = scalableTables;
  const wrong = pasid === undefined ? 0 : pasidFault(entry, pasid);
  if (wrong !== 0) return blocked(entry, wrong);
  const tag = pasid ?? ridPasidIn(entry.page, entry.at);
  entry.tag = tag;
  const part: PasidPart = {
    tag,
    sre: false,
    ere: false,
    privileged: pasid === undefined && isSet(entry, contextBits.ridPriv),
    dte: isSet(entry, contextBits.dte),
    pre: isSet(entry, contextBits.pre),
  };
  const mask = reservedBits(profile);
  if (!readEntry(entry, directory, pointerOf(entry, scalableTables.context.next))) {
    return blocked(entry, reason.directoryAccess, part);
  }
  entry.fpd ||= isSet(entry, directoryBits.fpd);
  if (!isSet(entry, directoryBits.present)) return blocked(entry, reason.directoryNotPresent, part);
  if (hasAny(entry, mask.directory)) return blocked(entry, reason.directoryReserved, part);
  if (!readEntry(entry, last, pointerOf(entry, directory.next))) {
    return blocked(entry, reason.pasidAccess, part);
  }
  entry.fpd ||= isSet(entry, pasidBits.fpd);
  if (!isSet(entry, pasidBits.present)) return blocked(entry, reason.pasidNotPresent, part);
  return withPasid(entry, part);
}

/** What a PASID entry says of its first stage. */
const firstStageOf = (entry: EntryCursor): FirstStageRules => ({
  root: pointerOf(entry, pasidBits.fsptptr),
  levels: levelsOfMode(fieldOf(entry, pasidBits.fspm)) as 4 | 5,
  wpe: isSet(entry, pasidBits.wpe),
  nxe: isSet(entry, pasidBits.nxe),
  smep: isSet(entry, pasidBits.smep),
  eafe: isSet(entry, pasidBits.eafe),
});

/** Whether a unit has the first stages of a PASID entry. */
function isFirstStageSupported(profile: Profile, entry: EntryCursor): boolean {
  const { levels4, levels5 } = PasidEntry.fields.fspm.names;
  const fspm = fieldOf(entry, pasidBits.fspm);
  return fspm === levels4 || (fspm === levels5 && profile.firstStage5);
}

/** Whether a nested first stage's root lies beyond the second stage's width. */
const isRootBeyond = (entry: EntryCursor, levels: Levels): boolean =>
  pointerOf(entry, pasidBits.fsptptr) >=
  2 ** (Math.min(entry.guest.profile.mgaw, 12 + 9 * levels) - 12);

/** Reading: P is checked before all else of the entry; QEMU looks at PGTT and AW first. */
function withPasid(entry: EntryCursor, above: PasidPart): Context {
  const { fpd } = entry;
  const { profile } = entry.guest;
  const pgtt = fieldOf(entry, pasidBits.pgtt);
  const reserved = reservedBits(profile).pasid[pgtt] as Int32Array;
  if (hasAny(entry, reserved)) return blocked(entry, reason.pasidReserved, above);
  const { sre, ere } = pasidBits;
  const pasid = { ...above, sre: isSet(entry, sre), ere: isSet(entry, ere) };
  const did = fieldOf(entry, pasidBits.did);
  const levels = levelsOfWidth(fieldOf(entry, pasidBits.aw)) as Levels;
  const second = { root: pointerOf(entry, pasidBits.ssptptr), levels };
  const usesSecond = pgtt === pasidTypes.secondStage || pgtt === pasidTypes.nested;
  const usesFirst = pgtt === pasidTypes.firstStage || pgtt === pasidTypes.nested;
  if (!isTypeSupported(profile, pgtt)) return blocked(entry, reason.pasidInvalid, pasid);
  if (usesSecond && !profile.levels.has(levels)) return blocked(entry, reason.pasidInvalid, pasid);
  if (usesFirst && !isFirstStageSupported(profile, entry)) {
    return blocked(entry, reason.pasidInvalid, pasid);
  }
  if (usesFirst && usesSecond && isRootBeyond(entry, levels)) {
    return blocked(entry, reason.pasidInvalid, pasid);
  }
  if (pgtt === pasidTypes.passThrough) return { kind: "passThrough", did, fpd, pasid };
  if (usesSecond && isSet(entry, pasidBits.ssade)) return { kind: "refused", did, fpd, pasid };
  if (!usesFirst) return { kind: "tables", did, fpd, pasid, ...second };
  const first = firstStageOf(entry);
  return { kind: "firstStage", did, fpd, pasid, first, second: usesSecond ? second : undefined };
}

/** Each translation type has a capability of its own. */
function isTypeSupported(profile: Profile, pgtt: number): boolean {
  if (pgtt === pasidTypes.firstStage) return profile.flts;
  if (pgtt === pasidTypes.secondStage) return profile.ssts;
  if (pgtt === pasidTypes.nested) return profile.nest;
  return pgtt === pasidTypes.passThrough && profile.passThrough;
}
