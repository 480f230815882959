import { reason } from "../events/fault/fault-reason.ts";
import type { Access } from "../events/input.ts";
import type { Translation, TranslationStep } from "../hypervisor/translate/three-answers.ts";

/** The first of some second-stage entries that lacks R (bit 0) or W (bit 1), or -1. */
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
  if (guest.fault === reason.nestedWrite) return Math.max(group, lacking(steps, group, 2n));
  if (steps[last]?.host !== undefined) return last;
  const denying = lacking(steps, group, 1n);
  return denying < 0 ? last - 1 : denying;
}

/**
 * Index of the step of a walk that decides: the last entry read, or the first that does not allow
 * the access; -1 where no entry was read.
 */
export function decisiveStep(walk: Translation, access: Access): number {
  const bit = access === "read" ? 1n : 2n;
  const { steps } = walk;
  if (steps.some(({ table }) => table === "first stage")) return decisiveNested(walk, bit);
  const denying = lacking(steps, 0, bit);
  return denying < 0 ? steps.length - 1 : denying;
}

/** Whether an entry of a first or second stage maps nothing. */
export const mapsNothing = ({ table, entry }: TranslationStep): boolean =>
  (entry & (table === "first stage" ? 1n : 3n)) === 0n;
