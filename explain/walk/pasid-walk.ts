import { levelsOfWidth } from "../../events/context/context-entry.ts";
import {
  levelsOfMode,
  PasidEntry,
  pasidPointerReserved,
  pasidReserved,
  pasidTypes,
} from "../../events/context/pasid-entry.ts";
import { ScalableContextEntry } from "../../events/context/scalable-context-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Dump } from "../dump.ts";
import type { Check, Request } from "./check.ts";
import { check, entryOf, missing, present, reservedIn, shownBits } from "./make-check.ts";
import type { Stage } from "./page-walk.ts";
import type { Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";
import type { DumpWalk } from "./table-walk.ts";
import { pagesWalk } from "./table-walk.ts";
import { pasidTypeChecks } from "./type-check.ts";

/** The rights of a request: those of one without PASID are in the context entry. */
function withRights({ context }: Dump, request: Request): Request {
  if (request.pasid !== undefined || context?.[1] === undefined) return request;
  const { ridPriv } = ScalableContextEntry.decode(entryOf(context));
  return { ...request, isUser: !ridPriv };
}

/** Whether a PASID entry lets a request ask for the rights that it is known to ask for. */
function rightsChecks(
  { sre, ere }: { readonly sre: boolean; readonly ere: boolean },
  { isUser, blockedBy }: Request,
): readonly Check[] {
  const { supervisorDisabled, executeDisabled } = reason;
  const own = (holds: boolean, code: number, what: string): Check =>
    check("rights", holds, code, `the PASID entry ${holds ? "allows" : "does not allow"} ${what}`);
  return [
    ...(isUser === false || blockedBy === supervisorDisabled
      ? [own(sre, supervisorDisabled, `supervisor requests (SRE=${sre ? 1 : 0})`)]
      : []),
    ...(blockedBy === executeDisabled
      ? [own(ere, executeDisabled, `execute requests (ERE=${ere ? 1 : 0})`)]
      : []),
  ];
}

/** A PASID entry, and the tables that it leads to. */
export function pasidWalk(dump: Dump, request: Request, rules: Rules): DumpWalk {
  const { pasid: words } = dump;
  const code = reason.pasidNotPresent;
  const first = words?.[0];
  if (words === undefined || first === undefined) {
    return { checks: [missing("pasidPresent", code, "the PASID entry")] };
  }
  const isPresent = present("pasidPresent", code, "the PASID entry", first);
  if (isPresent.holds === false) return { checks: [isPresent] };
  const entry = entryOf(words);
  if (words[1] === undefined || words[2] === undefined) {
    return { checks: [isPresent, missing("pasidInvalid", reason.pasidInvalid, "the rest of it")] };
  }
  const isWhole = words.every((word) => word !== undefined);
  const { pgtt, aw, fspm, nxe, wpe } = PasidEntry.decode(entry);
  const shown = shownBits(words);
  const bits = reservedBits(
    rules,
    entry,
    (one) => (pasidReserved(one) | pasidPointerReserved(one, pgtt)) & shown,
  );
  const reserved = reservedIn(
    "pasidReserved",
    reason.pasidReserved,
    "the PASID entry",
    bits,
    isWhole,
  );
  if (reserved.holds === false) return { checks: [isPresent, reserved] };
  const checks = [isPresent, reserved, ...pasidTypeChecks({ pgtt, aw, fspm }, rules)];
  checks.push(...rightsChecks(PasidEntry.decode(entry), withRights(dump, request)));
  if (checks.some(({ holds }) => holds === false)) return { checks };
  if (pgtt === pasidTypes.passThrough) return { checks, passesThrough: true };
  if (pgtt === pasidTypes.nested) {
    const text = "under nesting a dump of one stage does not show what the unit walks";
    return { checks: [...checks, check("permission", undefined, reason.secondStageDenied, text)] };
  }
  const isFirst = pgtt === pasidTypes.firstStage;
  const stage: Stage = { stage: isFirst ? "first" : "second", scalable: true, nxe, wpe };
  const levels = isFirst ? levelsOfMode(fspm) : levelsOfWidth(aw);
  const rest = pagesWalk(dump, withRights(dump, request), rules, levels, stage);
  return { ...rest, checks: [...checks, ...rest.checks] };
}
