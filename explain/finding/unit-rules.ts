import type { Dump } from "../dump.ts";
import type { Evidence, UnitKnown } from "../evidence.ts";
import type { Rules } from "../walk/rules.ts";
import { rulesOf, unknownUnit } from "../walk/rules.ts";

/** Units whose capabilities a paste tells. */
const capable = ({ units }: Evidence): readonly UnitKnown[] =>
  units.filter(({ cap, ecap }) => cap !== undefined && ecap !== undefined);

/**
 * The rules of the unit that a dump or a fault is of: by the unit's name, or where all units are
 * alike or there is one alone. Those of an unknown unit otherwise.
 */
export function rulesOfDump(evidence: Evidence, dump: Dump | undefined): Rules {
  const known = capable(evidence);
  const named = known.find(({ name }) => name === dump?.unit);
  const isAlike = known.every(({ cap, ecap }) => cap === known[0]?.cap && ecap === known[0]?.ecap);
  const unit = named ?? (isAlike ? known[0] : undefined);
  return unit === undefined
    ? unknownUnit(evidence.hostAddressWidth)
    : rulesOf(unit, evidence.hostAddressWidth);
}
