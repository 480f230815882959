import { pageOf } from "../../events/address.ts";
import { levelsOfWidth } from "../../events/context/context-entry.ts";
import { extendedTypes } from "../../events/context/extended-context-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import { extendedTables } from "../../projections/context/context-table.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Context } from "./context.ts";
import type { ContextStep, EntryCursor } from "./entry-cursor.ts";
import { fieldOf, hasAny, isSet, newCursor, pointerOf, readEntry } from "./entry-cursor.ts";
import {
  commonOf,
  contextBits,
  reservedBits,
  rootBits,
  secondOf,
  usesPasids,
} from "./extended-entry.ts";
import { withPasid } from "./extended-pasid.ts";

const { present, fpd, t, aw, paside, neste, pts } = contextBits;

const blocked = (code: number, isSuppressed = false): Context => ({
  kind: "blocked",
  reason: code,
  fpd: isSuppressed,
});

/**
 * Resolves the requests of a source-id in version 2.x, with a PASID or without. Order of checks:
 * root entry (8h, 1h, Ah), context entry (9h, 2h, Bh, then what it says: 3h), the PASID (18h, 1Bh),
 * under nesting what the second stage says of the PASID entry, the PASID entry (10h, 11h, 12h).
 *
 * @param step  told of each entry read.
 */
export function resolveExtended(
  guest: Guest,
  source: number,
  pasid: number | undefined,
  step?: (step: ContextStep) => void,
): Context {
  const { root, context } = extendedTables;
  const mask = reservedBits(guest.profile);
  const entry = newCursor(guest, source, step);
  if (!readEntry(entry, root, pageOf(guest.rootPointer))) return blocked(reason.rootAccess);
  if (!isSet(entry, rootBits.lp)) return blocked(reason.rootNotPresent);
  if (hasAny(entry, mask.root)) return blocked(reason.rootReserved);
  if (!readEntry(entry, context, pointerOf(entry, root.next))) {
    return blocked(reason.contextAccess);
  }
  entry.fpd = isSet(entry, fpd);
  if (!isSet(entry, present)) return blocked(reason.contextNotPresent, entry.fpd);
  if (hasAny(entry, mask.context) || hasAny(entry, partMask(entry))) {
    return blocked(reason.contextReserved, entry.fpd);
  }
  if (!isConsistent(entry)) return blocked(reason.contextInvalid, entry.fpd);
  return pasid === undefined ? withoutPasid(entry) : withPasid(entry, pasid);
}

const noMask = new Int32Array(0);

/** Reserved bits of what concerns PASIDs, where they are in use. */
function partMask(entry: EntryCursor): Int32Array {
  const { part } = reservedBits(entry.guest.profile);
  return (usesPasids(entry) ? part[isSet(entry, neste) ? 1 : 0] : undefined) ?? noMask;
}

const { passThrough, pasid: guestMode, pasidAll, untranslated, all } = extendedTypes;

/** Each translation type that is more than a second stage has a capability of its own. */
function isTypeSupported(profile: Profile, type: number): boolean {
  if (type === untranslated) return true;
  if (type === all) return profile.deviceTlb;
  if (type === passThrough) return profile.passThrough;
  const isGuest = type === guestMode || (type === pasidAll && profile.deviceTlb);
  return isGuest && profile.passThrough && profile.pasid;
}

/**
 * Whether a context entry's fields go together.
 *
 * Reading: the width counts whatever the type is, as in legacy mode.
 *
 * Reading: the types that pass requests without PASID and translate those with one need PASIDE, as
 * Linux says of them; and so does NESTE.
 *
 * Reading: a PASID table that is said to be longer than the unit's PASIDs are (PTS + 5 above
 * PSS + 1) makes the entry invalid.
 *
 * Types 110b and 111b are reserved since 2.3.
 */
function isConsistent(entry: EntryCursor): boolean {
  const { profile } = entry.guest;
  const type = fieldOf(entry, t);
  const needsPaside = type === guestMode || type === pasidAll || isSet(entry, neste);
  return (
    profile.levels.has(levelsOfWidth(fieldOf(entry, aw)) as Levels) &&
    isTypeSupported(profile, type) &&
    (!needsPaside || isSet(entry, paside)) &&
    (!usesPasids(entry) || fieldOf(entry, pts) + 5 <= profile.pasidBits)
  );
}

/** A request without PASID: by the second stage, or by nothing. */
function withoutPasid(entry: EntryCursor): Context {
  const type = fieldOf(entry, t);
  const common = { ...commonOf(entry), fpd: entry.fpd, pasid: undefined };
  if (type !== untranslated && type !== all) return { kind: "passThrough", ...common };
  return { kind: "tables", ...common, ...secondOf(entry) };
}
