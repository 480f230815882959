import { hex } from "../../events/address.ts";
import { ContextEntry } from "../../events/context/context-entry.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import type { Guest } from "../../projections/guest.ts";

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
  if (last.table !== "context") return "tables";
  const { tt } = ContextEntry.decode(last.entry);
  return tt === ContextEntry.fields.tt.names.passThrough ? "passThrough" : "tables";
}

/**
 * One sentence on what takes the place of the guest's tables; none where they are in force.
 *
 * @param since  number of the event that turned translation off, if one did.
 */
export function regimeSentences(
  regime: Regime,
  iova: bigint,
  since: number | undefined,
): readonly string[] {
  const when = since === undefined ? "" : ` since event ${since.toString()}`;
  const goes = `${hex(iova)} is a guest address as it is and goes through the P2M alone.`;
  switch (regime) {
    case "noPointer":
      return [`Translation is off${when}, and no root pointer is set: ${goes}`];
    case "off":
      return [`Translation is off${when}: ${goes}`];
    case "passThrough":
      return [`The context entry says pass-through: ${goes}`];
    case "pasidPassThrough":
      return [`The PASID entry says pass-through: ${goes}`];
    case "tables":
      return [];
  }
}
