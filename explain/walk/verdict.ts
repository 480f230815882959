import { faultReasons, reason as faults } from "../../events/fault/fault-reason.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { Check, CheckName } from "./check.ts";
import { checkOf } from "./check.ts";
import type { DumpWalk } from "./table-walk.ts";

/** Whether a dump shows why a fault happened. */
export interface Verdict {
  readonly kind: "justified" | "later" | "other" | "undecidable";
  /** One or two sentences. */
  readonly text: string;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** What must be present, or allowed, for a check to hold, in the words of the answer. */
const now: Readonly<Partial<Record<CheckName, string>>> = {
  rootPresent: "the root entry is present now",
  contextPresent: "the context entry is present now",
  directoryPresent: "the PASID directory entry is present now",
  pasidPresent: "the PASID entry is present now",
  permission: "the page is mapped now, and the access is allowed",
  mapped: "the page is mapped now",
  interruptPresent: "the interrupt entry is present now",
};

/** The check that a fault tells of holds in the dump. */
function later(name: CheckName, checks: readonly Check[]): Verdict {
  const held = checks.findLast((one) => one.name === name)?.text ?? "";
  const what = now[name] ?? `${held}, which is no fault`;
  const coherence = ofPages.has(name) ? "ECAP.C (in scalable mode ECAP.SMPWCS)" : "ECAP.C";
  const why =
    "Either it was written after the fault, or it had been written and not been written back to " +
    `memory, which the unit cannot see where ${coherence} is 0, or the unit still had it ` +
    "cached as it was.";
  return { kind: "later", text: `The dump is of a later moment: ${what}. ${why}` };
}

function justified(failed: Check): Verdict {
  const condition = failed.isConditional ? ", as far as the listing is whole" : "";
  return { kind: "justified", text: `The dump justifies it${condition}: ${failed.text}.` };
}

function other(failed: Check): Verdict {
  const own = faultReasons.get(failed.reason)?.text ?? "";
  const text =
    `The dump shows another fault, ${reasonText(failed.reason)} (${own.replace(/\.$/, "")}): ` +
    `${failed.text}. It is of another moment than the fault.`;
  return { kind: "other", text };
}

const undecidable = (why: string): Verdict => ({
  kind: "undecidable",
  text: `Not decidable: ${why}.`,
});

/** Checks of which each level has one: they hold once the page is found. */
const ofPages: ReadonlySet<CheckName> = new Set([
  ...(["mapped", "supervisor", "permission", "pageReserved", "output"] as const),
]);

/** Whether a walk through a dump comes to what a fault says. */
export function verdictOf(
  reason: number | undefined,
  { checks, page, passesThrough }: DumpWalk,
): Verdict {
  if (reason === undefined) return undecidable("the line does not say the reason");
  const name = checkOf(reason);
  if (name === undefined) {
    return undecidable(
      "a dump shows what the entries say, and the reason is about something else (whether memory " +
        "could be read, or a kind of request)",
    );
  }
  const own = checks.filter((one) => one.name === name);
  const failed = checks.find(({ holds }) => holds === false);
  if (failed?.name === name) return justified(failed);
  const isReached = !ofPages.has(name) || page !== undefined;
  if (passesThrough && ofPages.has(name)) {
    return {
      kind: "later",
      text:
        "The dump is of a later moment: the entry says pass-through now, so that no table is " +
        "walked.",
    };
  }
  // What a scalable-mode context entry may not ask for is all in it.
  const isLegacy = reason === faults.contextInvalid;
  if (isLegacy && own.length > 0 && own.every(({ holds }) => holds === true)) {
    return undecidable(
      "the entry's type and depth are valid, and whether its top table could be read is not shown",
    );
  }
  if (own.length > 0 && own.every(({ holds }) => holds === true) && isReached) {
    return later(name, checks);
  }
  const open = own.find(({ holds }) => holds === undefined);
  if (failed !== undefined && open === undefined) return other(failed);
  const last = open ?? checks.findLast(({ holds }) => holds === undefined) ?? checks.at(-1);
  return undecidable(last === undefined ? "the dump has nothing of it" : last.text);
}

/** The checks of a walk as sentences, with what came of each. */
export const checkSentences = ({ checks }: DumpWalk): readonly string[] =>
  checks.map(({ text }) => sentence(text));
