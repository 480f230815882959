import { levelsOfWidth } from "../../events/context/context-entry.ts";
import {
  ExtendedContextEntry,
  extendedContextReserved,
  extendedTypes,
  pasidPartReserved,
} from "../../events/context/extended-context-entry.ts";
import {
  ExtendedPasidEntry,
  extendedPasidReserved,
} from "../../events/context/extended-pasid-entry.ts";
import {
  ScalableRootEntry,
  scalableRootReserved,
} from "../../events/context/scalable-root-entry.ts";
import { fieldHalves, maskHalves } from "../../events/layout/field-halves.ts";
import type { Levels } from "../../events/profile/profile.ts";
import { perProfile } from "../memory/guest-memory.ts";
import type { SecondStage } from "./context.ts";
import type { EntryCursor } from "./entry-cursor.ts";
import { fieldOf, isSet, pointerOf } from "./entry-cursor.ts";

/** Reserved bits in halves; what concerns PASIDs without and with nesting. */
export const reservedBits = perProfile((profile) => ({
  root: maskHalves(scalableRootReserved(profile), 64),
  context: maskHalves(extendedContextReserved(profile), ExtendedContextEntry.width),
  part: [false, true].map((nested) =>
    maskHalves(pasidPartReserved(profile, nested), ExtendedContextEntry.width),
  ),
  pasid: [false, true].map((nested) =>
    maskHalves(extendedPasidReserved(profile, nested), ExtendedPasidEntry.width),
  ),
}));

/** Both words of a root entry are alike, and each is read alone. */
export const rootBits = fieldHalves(ScalableRootEntry);
/** The places of a context entry's fields. */
export const contextBits = fieldHalves(ExtendedContextEntry);
const { t, aw, did, slptptr, paside, pre } = contextBits;
const { passThrough, all, pasidAll } = extendedTypes;
/** The places of a PASID entry's fields. */
export const pasidBits = fieldHalves(ExtendedPasidEntry);

/** Whether requests with PASID are served: type 010b has none, whatever PASIDE says (Linux). */
export const usesPasids = (entry: EntryCursor): boolean =>
  isSet(entry, paside) && fieldOf(entry, t) !== passThrough;

/** What a valid context entry says of every request. */
export function commonOf(entry: EntryCursor) {
  const type = fieldOf(entry, t);
  return {
    did: fieldOf(entry, did),
    ats: type === all || type === pasidAll,
    pri: isSet(entry, pre),
  };
}

/** The second stage that it names. */
export const secondOf = (entry: EntryCursor): SecondStage => ({
  root: pointerOf(entry, slptptr),
  levels: levelsOfWidth(fieldOf(entry, aw)) as Levels,
});
