import type { Fact } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import { mayHide, stepsIfSeen } from "./hidden.ts";
import type { Step } from "./step.ts";
import type { LateWrites } from "./unseen.ts";

type Observed = NonNullable<InputOf<"Dma">["observed"]>;

/** Whether a DMA came to what was recorded of it. */
function isSo(facts: readonly Fact[], { gpa, reason }: Observed): boolean {
  if (gpa !== undefined) {
    return facts.some((fact) => fact.type === "DmaTranslated" && fact.gpa === gpa);
  }
  return facts.some((fact) => fact.type === "DmaBlocked" && fact.reason === reason);
}

/**
 * The step of a DMA as its recorded outcome shows it: where the unit may have seen what was written
 * and not flushed, or not, the outcome tells which. The step itself where it came to that, where
 * nothing was recorded, and where no such sight leads there.
 *
 * @param late  what the guest had written by then without the unit's seeing it.
 */
export function asRecorded(step: Step, late: LateWrites): Step {
  const { input } = step;
  const observed = input.type === "Dma" ? input.observed : undefined;
  if (observed === undefined || isSo(step.facts, observed) || !mayHide(step)) return step;
  for (const other of stepsIfSeen(step, late)) if (isSo(other.facts, observed)) return other;
  return step;
}
