import { ContextEntry, levelsOfWidth } from "../../events/context/context-entry.ts";
import { PasidEntry, pasidTypes } from "../../events/context/pasid-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Check } from "./check.ts";
import { check, without } from "./make-check.ts";
import type { Rules } from "./rules.ts";
import { isSupported } from "./rules.ts";

/** Whether a unit may have the type and the depth that a legacy context entry asks for. */
export function legacyTypeChecks(tt: number, aw: number, rules: Rules): readonly Check[] {
  const { passThrough, untranslated, all } = ContextEntry.fields.tt.names;
  const invalid = reason.contextInvalid;
  const type = isSupported(rules, (unit) => {
    if (tt === passThrough) return unit.passThrough;
    return tt === untranslated || (tt === all && unit.deviceTlb);
  });
  const levels = levelsOfWidth(aw);
  const depth = isSupported(rules, (unit) => unit.levels.has(levels as 3 | 4 | 5));
  const typeText = `the context entry's type is TT=${tt}${without(type)}`;
  const depthText = `the context entry asks for ${levels} levels of tables (AW=${aw})`;
  return [
    check("contextInvalid", depth, invalid, `${depthText}${without(depth)}`),
    check("contextInvalid", type, invalid, typeText),
  ];
}

/** Whether a unit may have the type and the depth that a PASID entry asks for. */
export function pasidTypeChecks(
  { pgtt, aw, fspm }: { readonly pgtt: number; readonly aw: number; readonly fspm: number },
  rules: Rules,
): readonly Check[] {
  const { firstStage, secondStage, nested, passThrough } = pasidTypes;
  const own = (holds: boolean | undefined, text: string): Check =>
    check("pasidInvalid", holds, reason.pasidInvalid, `the PASID entry ${text}${without(holds)}`);
  const type = isSupported(rules, (unit) => {
    if (pgtt === firstStage) return unit.flts;
    if (pgtt === secondStage) return unit.ssts;
    return pgtt === nested ? unit.nest : pgtt === passThrough && unit.passThrough;
  });
  const made = [own(type, `is of type PGTT=${pgtt}`)];
  if (pgtt === secondStage || pgtt === nested) {
    const levels = levelsOfWidth(aw);
    const depth = isSupported(rules, (unit) => unit.levels.has(levels as 3 | 4 | 5));
    made.push(own(depth, `asks for ${levels} levels of second-stage tables (AW=${aw})`));
  }
  if (pgtt === firstStage || pgtt === nested) {
    const { levels4, levels5 } = PasidEntry.fields.fspm.names;
    const depth = isSupported(
      rules,
      (unit) => fspm === levels4 || (fspm === levels5 && unit.firstStage5),
    );
    made.push(own(depth, `asks for first-stage tables of FSPM=${fspm}`));
  }
  return made;
}
