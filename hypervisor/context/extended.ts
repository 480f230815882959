import { pageOf } from "../../events/address.ts";
import { levelsOfWidth } from "../../events/context/context-entry.ts";
import {
  ExtendedContextEntry,
  extendedContextReserved,
  extendedTypes,
} from "../../events/context/extended-context-entry.ts";
import {
  ExtendedPasidEntry,
  extendedPasidReserved,
} from "../../events/context/extended-pasid-entry.ts";
import {
  ScalableRootEntry,
  scalableRootReserved,
} from "../../events/context/scalable-root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { fieldHalves, maskHalves } from "../../events/layout/field-halves.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import { extendedTables } from "../../projections/context/context-table.ts";
import type { FirstStageRules } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { perProfile } from "../per-profile.ts";
import type { Context, PasidPart, SecondStage } from "./context.ts";
import type { ContextStep, EntryCursor } from "./entry-cursor.ts";
import { fieldOf, hasAny, isSet, newCursor, pointerOf, readEntry } from "./entry-cursor.ts";

/** Reserved bits in halves: of a PASID entry without and with nesting. */
const reservedBits = perProfile((profile) => ({
  root: maskHalves(scalableRootReserved(profile), 64),
  context: maskHalves(extendedContextReserved(profile), ExtendedContextEntry.width),
  pasid: [false, true].map((nested) =>
    maskHalves(extendedPasidReserved(profile, nested), ExtendedPasidEntry.width),
  ),
}));

/** Both words of a root entry are alike, and each is read alone. */
const rootBits = fieldHalves(ScalableRootEntry);
const { present, fpd, t, aw, did, slptptr, paside, neste, pre, ere, pts, ...rules } =
  fieldHalves(ExtendedContextEntry);
const pasidBits = fieldHalves(ExtendedPasidEntry);

const blocked = (code: number, isSuppressed = false): Context => ({
  kind: "blocked",
  reason: code,
  fpd: isSuppressed,
});

/**
 * Resolves the requests of a source-id in version 2.x, with a PASID or without. Order of checks:
 * root entry (8h, 1h, Ah), context entry (9h, 2h, Bh, then what it says: 3h), the PASID (18h, 19h),
 * PASID entry (10h, 11h, 12h).
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
  if (hasAny(entry, mask.context)) return blocked(reason.contextReserved, entry.fpd);
  if (!isConsistent(entry)) return blocked(reason.contextInvalid, entry.fpd);
  return pasid === undefined ? withoutPasid(entry) : withPasid(entry, pasid);
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
 * Reading: types 110b and 111b are reserved.
 */
function isConsistent(entry: EntryCursor): boolean {
  const { profile } = entry.guest;
  const type = fieldOf(entry, t);
  const needsPaside = type === guestMode || type === pasidAll || isSet(entry, neste);
  return (
    profile.levels.has(levelsOfWidth(fieldOf(entry, aw)) as Levels) &&
    isTypeSupported(profile, type) &&
    (!needsPaside || isSet(entry, paside))
  );
}

/** What a valid context entry says of every request. */
function commonOf(entry: EntryCursor) {
  const type = fieldOf(entry, t);
  return {
    did: fieldOf(entry, did),
    ats: type === all || type === pasidAll,
    pri: isSet(entry, pre),
  };
}

const secondOf = (entry: EntryCursor): SecondStage => ({
  root: pointerOf(entry, slptptr),
  levels: levelsOfWidth(fieldOf(entry, aw)) as Levels,
});

/** A request without PASID: by the second stage, or by nothing. */
function withoutPasid(entry: EntryCursor): Context {
  const type = fieldOf(entry, t);
  const common = { ...commonOf(entry), fpd: entry.fpd, pasid: undefined };
  if (type !== untranslated && type !== all) return { kind: "passThrough", ...common };
  return { kind: "tables", ...common, ...secondOf(entry) };
}

/**
 * Why a request may not have the PASID that it has, or 0. Under type 010b there are none, whatever
 * PASIDE says (Linux).
 *
 * Reading: a PASID table that is said to be longer than the unit's PASIDs are is no error: Linux
 * 4.4 to 4.17 says so of each.
 */
function pasidFault(entry: EntryCursor, pasid: number): number {
  if (!isSet(entry, paside) || fieldOf(entry, t) === passThrough) {
    return reason.extendedPasidDisabled;
  }
  const count = 2 ** Math.min(fieldOf(entry, pts) + 5, entry.guest.profile.pasidBits);
  return pasid < count ? 0 : reason.extendedPasidBeyond;
}

/** What a context entry says of the first stages of its PASIDs; the root is the PASID entry's. */
const rulesOf = (entry: EntryCursor): Omit<FirstStageRules, "root"> => ({
  levels: 4,
  wpe: isSet(entry, rules.wpe),
  nxe: isSet(entry, rules.nxe),
  smep: isSet(entry, rules.smep),
  eafe: isSet(entry, rules.eafe),
});

/** A request with PASID: by its first stage, alone or over the context's second stage. */
function withPasid(entry: EntryCursor, pasid: number): Context {
  const { fpd: isSuppressed, guest } = entry;
  const common = commonOf(entry);
  const wrong = (code: number, part?: PasidPart): Context => ({
    ...common,
    ...{ kind: "blocked", reason: code, fpd: isSuppressed, pasid: part },
  });
  const fault = pasidFault(entry, pasid);
  if (fault !== 0) return wrong(fault);
  const { ats: dte, pri } = common;
  const part = { tag: pasid, sre: false, ere: isSet(entry, ere), privileged: false, dte, pre: pri };
  const [first, second] = [rulesOf(entry), isSet(entry, neste) ? secondOf(entry) : undefined];
  const { context, pasid: table } = extendedTables;
  entry.tag = pasid;
  if (!readEntry(entry, table, pointerOf(entry, context.next))) {
    return wrong(reason.extendedPasidAccess, part);
  }
  if (!isSet(entry, pasidBits.present)) return wrong(reason.extendedPasidNotPresent, part);
  const reserved = reservedBits(guest.profile).pasid[second === undefined ? 0 : 1] as Int32Array;
  if (hasAny(entry, reserved)) return wrong(reason.extendedPasidReserved, part);
  return {
    ...{ kind: "firstStage", did: common.did, fpd: isSuppressed },
    pasid: { ...part, sre: isSet(entry, pasidBits.sre) },
    first: { ...first, root: pointerOf(entry, pasidBits.flptptr) },
    second,
  };
}
