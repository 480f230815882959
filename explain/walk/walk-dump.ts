import { rootReserved } from "../../events/context/root-entry.ts";
import { scalableRootReserved } from "../../events/context/scalable-root-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import { bitMask } from "../../events/layout/layout-field.ts";
import type { Dump } from "../dump.ts";
import type { Check, Request } from "./check.ts";
import { legacyWalk } from "./legacy-walk.ts";
import { check, missing, present, reservedIn } from "./make-check.ts";
import type { Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";
import { isOver, scalableWalk } from "./scalable-walk.ts";
import type { DumpWalk } from "./table-walk.ts";

/** The half of a scalable-mode root entry that a request reads. */
function rootWord({ root, scalable, source }: Dump): bigint | undefined {
  const isUpper = scalable === true && source !== undefined && (source & 0x80) !== 0;
  return isUpper ? root?.[1] : root?.[0];
}

function rootChecks(dump: Dump, rules: Rules): readonly Check[] {
  const { scalable = false, end } = dump;
  const code = scalable ? reason.scalableRootNotPresent : reason.rootNotPresent;
  const word = rootWord(dump);
  if (word === undefined) {
    if (dump.isUnlisted) {
      const text =
        "no row of the listing is for the bus: its root entry, or the context entry, is not " +
        "present";
      return [check("rootPresent", undefined, code, text)];
    }
    if (end?.why !== "noContextTable") return [missing("rootPresent", code, "the root entry")];
    return [check("rootPresent", false, code, "there is no context table for the bus")];
  }
  const made = [present("rootPresent", code, "the root entry", word)];
  if (made[0]?.holds === false) return made;
  const [mask, own] = scalable
    ? [scalableRootReserved, reason.scalableRootReserved]
    : [rootReserved, reason.rootReserved];
  const bits = reservedBits(rules, word, (one) => mask(one) & bitMask(63, 0));
  const isWhole = scalable || dump.root?.[1] !== undefined;
  return [...made, reservedIn("rootReserved", own, "the root entry", bits, isWhole)];
}

/**
 * Walks a dump for a request, in the order in which the unit looks at things, up to the first check
 * that fails or the first entry that is not in the dump. What is not in the dump is not known.
 */
export function walkDump(dump: Dump, request: Request, rules: Rules): DumpWalk {
  if (dump.end?.why === "noRootTable") {
    const text = "there is no root table";
    return { checks: [check("rootPresent", false, reason.rootNotPresent, text)] };
  }
  const root = rootChecks(dump, rules);
  if (isOver(root, "rootPresent")) return { checks: root };
  const walk = dump.scalable === true ? scalableWalk : legacyWalk;
  const rest = walk(dump, request, rules);
  return { ...rest, checks: [...root, ...rest.checks] };
}
