import { hex } from "../../events/address.ts";
import { directoryReserved } from "../../events/context/pasid-entry.ts";
import {
  ScalableContextEntry,
  scalableContextReserved,
} from "../../events/context/scalable-context-entry.ts";
import { reason } from "../../events/fault/fault-reason.ts";
import type { Dump } from "../dump.ts";
import type { Check, CheckName, Request } from "./check.ts";
import { check, entryOf, missing, present, reservedIn, shownBits, unlisted } from "./make-check.ts";
import { pasidWalk } from "./pasid-walk.ts";
import type { Rules } from "./rules.ts";
import { reservedBits } from "./rules.ts";
import type { DumpWalk } from "./table-walk.ts";

type Made = Check | readonly Check[] | undefined;

/** Whether a context entry asks for what cannot be; PDTS and RID_PASID are in its first words. */
function validChecks(entry: bigint, isShown: boolean): Check[] {
  const code = reason.scalableContextInvalid;
  const { pre, dte, pdts, ridPasid } = ScalableContextEntry.decode(entry);
  const asks = pre && !dte;
  const requests = `the context entry has PRE=${pre ? 1 : 0} DTE=${dte ? 1 : 0}`;
  const made = [check("contextInvalid", !asks, code, requests)];
  if (asks || !isShown) return made;
  const count = 2 ** Math.min(20, pdts + 13);
  const fits = ridPasid < count;
  const where = `its RID_PASID ${hex(ridPasid)} is ${fits ? "within" : "beyond"} the directory`;
  return [...made, check("contextInvalid", fits, code, `${where} (PDTS=${pdts})`)];
}

function contextChecks(dump: Dump, { pasid }: Request, rules: Rules): Made[] {
  const code = reason.scalableContextNotPresent;
  if (dump.context === undefined) {
    const none = dump.isUnlisted ? unlisted : missing;
    return [none("contextPresent", code, "the context entry")];
  }
  const isPresent = present("contextPresent", code, "the context entry", dump.context[0] ?? 0n);
  if (isPresent.holds === false) return [isPresent];
  const entry = entryOf(dump.context);
  const shown = shownBits(dump.context);
  const bits = reservedBits(rules, entry, (one) => scalableContextReserved(one) & shown);
  const own = reason.scalableContextReserved;
  const isWhole = dump.context.length === 4;
  const reserved = reservedIn("contextReserved", own, "the context entry", bits, isWhole);
  const whole = [isPresent, reserved];
  if (reserved.holds === false) return whole;
  const before = [...whole, ...validChecks(entry, dump.context[1] !== undefined)];
  if (pasid === undefined || before.some(({ holds }) => holds === false)) return before;
  const { paside, pdts } = ScalableContextEntry.decode(entry);
  const enabled = `the context entry ${paside ? "allows" : "does not allow"} PASIDs`;
  const most = rules.isKnown ? rules.most.pasidBits : 20;
  const last = 2 ** Math.min(20, pdts + 13, most) - 1;
  const where = pasid > last ? "beyond" : "within";
  const fits = pasid > last ? false : rules.isKnown ? true : undefined;
  const open = fits === undefined ? ", and ECAP.PSS is not told" : "";
  const within = `PASID ${hex(pasid)} is ${where} the last one, ${hex(last)}${open}`;
  return [
    ...before,
    check("pasidEnabled", paside, reason.pasidDisabled, enabled),
    check("pasidFits", fits, reason.pasidBeyondDirectory, within),
  ];
}

function directoryChecks({ directory, pasid, end, isUnlisted }: Dump, rules: Rules): Made[] {
  const code = reason.directoryNotPresent;
  const what = "the PASID directory entry";
  if (directory === undefined) {
    if (pasid?.some((word) => word !== undefined)) return [];
    if (isUnlisted) {
      const text =
        "no row of the listing is for the PASID: its directory entry, or its own, is not " +
        "present";
      return [check("directoryPresent", undefined, code, text)];
    }
    if (end?.why !== "noPasidTable") return [missing("directoryPresent", code, what)];
    return [check("directoryPresent", false, code, "there is no PASID table")];
  }
  const isPresent = present("directoryPresent", code, what, directory);
  const bits = reservedBits(rules, directory, directoryReserved);
  const reserved = reservedIn("directoryReserved", reason.directoryReserved, what, bits);
  return isPresent.holds ? [isPresent, reserved] : [isPresent];
}

const flat = (made: readonly Made[]): readonly Check[] =>
  made.flatMap((one) => (one === undefined ? [] : one)) as readonly Check[];

export const isOver = (checks: readonly Check[], name: CheckName): boolean =>
  checks.some(({ holds }) => holds === false) ||
  checks.some((one) => one.name === name && one.holds === undefined);

/** What a scalable-mode root entry leads to. */
export function scalableWalk(dump: Dump, request: Request, rules: Rules): DumpWalk {
  const context = flat(contextChecks(dump, request, rules));
  if (isOver(context, "contextPresent")) return { checks: context };
  const directory = flat(directoryChecks(dump, rules));
  const before = [...context, ...directory];
  if (isOver(directory, "directoryPresent")) return { checks: before };
  const rest = pasidWalk(dump, request, rules);
  return { ...rest, checks: [...before, ...rest.checks] };
}
