import {
  ContextEntry,
  contextReserved,
  levelsOfWidth,
} from "../../events/context/context-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Dump } from "../dump.ts";
import type { Request } from "./check.ts";
import { entryOf, missing, present, reservedIn, unlisted } from "./make-check.ts";
import type { Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";
import type { DumpWalk } from "./table-walk.ts";
import { pagesWalk } from "./table-walk.ts";
import { legacyTypeChecks } from "./type-check.ts";
import { widthCheck } from "./width-check.ts";

/** A legacy context entry, and the tables that it leads to. */
export function legacyWalk(dump: Dump, request: Request, rules: Rules): DumpWalk {
  const words = dump.context;
  const code = reason.contextNotPresent;
  if (words === undefined) {
    const none = dump.isUnlisted ? unlisted : missing;
    return { checks: [none("contextPresent", code, "the context entry")] };
  }
  const entry = entryOf(words);
  const isPresent = present("contextPresent", code, "the context entry", words[0] ?? 0n);
  if (isPresent.holds === false) return { checks: [isPresent] };
  const bits = reservedBits(rules, entry, contextReserved);
  const reserved = reservedIn("contextReserved", reason.contextReserved, "the context entry", bits);
  if (reserved.holds === false) return { checks: [isPresent, reserved] };
  const { tt, aw } = ContextEntry.decode(entry);
  const { names } = ContextEntry.fields.tt;
  const levels = levelsOfWidth(aw);
  const before = [isPresent, reserved, ...legacyTypeChecks(tt, aw, rules)];
  if (before.some(({ holds }) => holds === false)) return { checks: before };
  if (tt === names.passThrough) {
    const fits = widthCheck(request, rules, undefined, { stage: "second", scalable: false });
    return { checks: [...before, fits], passesThrough: fits.holds !== false };
  }
  const rest = pagesWalk(dump, request, rules, levels, {
    stage: "second",
    scalable: false,
    nxe: false,
    wpe: false,
  });
  return { ...rest, checks: [...before, ...rest.checks] };
}
