import { hex } from "../../events/address.ts";
import type { Regime } from "../../history/regime.ts";

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
