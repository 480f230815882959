import {
  ExtendedContextEntry,
  extendedTypes,
  fieldsWithoutCapability,
} from "../../events/context/extended-context-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Profile } from "../../events/profile/profile.ts";
import type { Plot } from "./plot.ts";

/** Which fields the unit does not have. */
const reservedSentences = (profile: Profile, entry: bigint): readonly string[] =>
  fieldsWithoutCapability(profile, entry).map(
    ([field, capability]) => `${field.toUpperCase()} is reserved: ECAP.${capability} is 0.`,
  );

/** Which fields do not go together. */
function inconsistentSentences(profile: Profile, entry: bigint): readonly string[] {
  const { t, neste, paside, pts } = ExtendedContextEntry.decode(entry);
  const ofGuests = t === extendedTypes.pasid || t === extendedTypes.pasidAll;
  if (!paside && neste) return ["NESTE needs PASIDE."];
  if (!paside && ofGuests) return [`T=${t.toString(2)}b needs PASIDE.`];
  const bits = Number(pts) + 5;
  if (!paside || bits <= profile.pasidBits) return [];
  const [asked, most] = [bits.toString(), profile.pasidBits.toString()];
  return [`PTS asks for PASIDs of ${asked} bits; ECAP.PSS allows ${most}.`];
}

/** What is wrong with an extended context entry, or with the mode of the tables. */
export function extendedSentences({ walk, profile }: Plot): readonly string[] {
  const fault = "fault" in walk.guest ? walk.guest.fault : undefined;
  if (profile === undefined || fault === undefined) return [];
  if (fault === 0x30 && !profile.ecs) {
    return ["The root pointer that is set names tables of a mode that the unit does not have."];
  }
  const step = walk.steps.at(-1);
  if (step?.table !== "extended context") return [];
  if (fault === reason.contextReserved) return reservedSentences(profile, step.entry);
  return fault === reason.contextInvalid ? inconsistentSentences(profile, step.entry) : [];
}
