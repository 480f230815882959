import { ContextEntry } from "../events/context/context-entry.ts";
import { ExtendedContextEntry, extendedTypes } from "../events/context/extended-context-entry.ts";
import { PasidEntry, pasidTypes } from "../events/context/pasid-entry.ts";
import type { Translation } from "../hypervisor/translate/three-answers.ts";
import type { Guest } from "../projections/guest.ts";

/** What a device's address goes through before the P2M: the guest's tables, or nothing, and why. */
export type Regime = "noPointer" | "off" | "passThrough" | "pasidPassThrough" | "tables";

/** Which it is, for the device and the address of a walk. */
export function regimeOf(guest: Guest | undefined, walk: Translation): Regime {
  const state = guest?.charts.translation;
  if (state === "noPointer") return "noPointer";
  if (state === "disabled") return "off";
  const last = walk.steps.at(-1);
  if (last === undefined || "fault" in walk.guest) return "tables";
  if (last.table === "PASID entry") {
    const { pgtt } = PasidEntry.decode(last.entry);
    return pgtt === pasidTypes.passThrough ? "pasidPassThrough" : "tables";
  }
  if (last.table === "extended context") {
    const { t } = ExtendedContextEntry.decode(last.entry);
    return t === extendedTypes.untranslated || t === extendedTypes.all ? "tables" : "passThrough";
  }
  if (last.table !== "context") return "tables";
  const { tt } = ContextEntry.decode(last.entry);
  return tt === ContextEntry.fields.tt.names.passThrough ? "passThrough" : "tables";
}
