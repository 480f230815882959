import { reason } from "../events/fault/fault-reason.ts";
import { FirstStageEntry } from "../events/first-stage/first-stage-entry.ts";
import type { Access } from "../events/input.ts";
import { masksOf } from "../events/layout/layout.ts";
import { SecondStageEntry } from "../events/shadow/second-stage-entry.ts";
import type { Translation, TranslationStep } from "../hypervisor/translate/three-answers.ts";

const { r, w } = masksOf(SecondStageEntry);

/** The first of some second-stage entries that lacks R or W, or -1. */
const lacking = (steps: readonly TranslationStep[], first: number, bit: bigint): number =>
  steps.findIndex(
    ({ table, entry }, index) => index >= first && table === "second stage" && (entry & bit) === 0n,
  );

/** Index of the first of the second-stage entries right before `end`; `end` if there are none. */
function groupBefore(steps: readonly TranslationStep[], end: number): number {
  let first = end;
  while (first > 0 && steps[first - 1]?.below === true) first -= 1;
  return first;
}

/** The entry that decides of a walk through a first stage: where it ended, or why it had to. */
function decisiveNested({ steps, guest }: Translation, bit: bigint): number {
  const last = steps.length - 1;
  if (!("fault" in guest)) return steps.findLastIndex(({ table }) => table === "first stage");
  if (steps[last]?.below === true) {
    const denying = lacking(steps, groupBefore(steps, steps.length), bit);
    return denying < 0 ? last : denying;
  }
  const group = groupBefore(steps, last);
  if (group === last) return last;
  if (guest.fault === reason.nestedWrite) return Math.max(group, lacking(steps, group, w));
  if (steps[last]?.host !== undefined) return last;
  const denying = lacking(steps, group, r);
  return denying < 0 ? last - 1 : denying;
}

/**
 * Index of the step of a walk that decides: the last entry read, or the first that does not allow
 * the access; -1 where no entry was read.
 */
export function decisiveStep(walk: Translation, access: Access): number {
  const bit = access === "read" ? r : w;
  const { steps } = walk;
  if (steps.some(({ table }) => table === "first stage")) return decisiveNested(walk, bit);
  const denying = lacking(steps, 0, bit);
  return denying < 0 ? steps.length - 1 : denying;
}

const present = FirstStageEntry.mask("present");

/** Whether an entry of a first or second stage maps nothing. */
export const mapsNothing = ({ table, entry }: Pick<TranslationStep, "table" | "entry">): boolean =>
  (entry & (table === "first stage" ? present : r | w)) === 0n;
