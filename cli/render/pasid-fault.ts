import { levelsOfWidth } from "../../events/context/context-entry.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Levels, Profile } from "../../events/profile/profile.ts";
import type { Plot } from "./plot.ts";
import { typeName } from "./scalable-meaning.ts";

/** Each translation type's own capability: its name, and whether the unit has it. */
function capabilityOf(profile: Profile, pgtt: number): readonly [string, boolean] {
  if (pgtt === pasidTypes.firstStage) return ["ECAP.FSTS", profile.flts];
  if (pgtt === pasidTypes.secondStage) return ["ECAP.SSTS", profile.ssts];
  if (pgtt === pasidTypes.nested) return ["ECAP.NEST", profile.nest];
  return ["ECAP.PT", profile.passThrough];
}

/** Why a PASID entry is invalid, where the fault says that it is. */
export function invalidSentences({ walk, profile }: Plot): readonly string[] {
  const step = walk.steps.at(-1);
  const isInvalid = "fault" in walk.guest && walk.guest.fault === reason.pasidInvalid;
  if (!isInvalid || profile === undefined || step?.table !== "PASID entry") return [];
  const { pgtt, aw } = PasidEntry.decode(step.entry);
  if (pgtt < pasidTypes.firstStage || pgtt > pasidTypes.passThrough) {
    return [`There is no translation type ${pgtt.toString()}.`];
  }
  const [name, has] = capabilityOf(profile, pgtt);
  const kind = typeName(pgtt).replace(" ", "-");
  if (!has) return [`The unit has no ${kind} translation: ${name} is 0.`];
  const levels = levelsOfWidth(aw);
  const usesSecond = pgtt === pasidTypes.secondStage || pgtt === pasidTypes.nested;
  if (usesSecond && !profile.levels.has(levels as Levels)) {
    return [`The unit has no second stage of AW ${aw.toString()}: CAP.SAGAW does not have it.`];
  }
  return ["The unit has no first stage of these levels: CAP.FL5LP is 0, or FSPM is reserved."];
}
