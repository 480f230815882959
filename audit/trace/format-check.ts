import type { Judge } from "./finding.ts";
import type { Observation } from "./observation.ts";

/**
 * Counts interrupts of the compatibility format that passed: whether they may depends on registers.
 * Those that came while remapping was off are as they should be, and in no count.
 */
export function countCompatibility(observations: readonly Observation[], judge: Judge): void {
  let isOn: boolean | undefined;
  for (const seen of observations) {
    if (seen.kind === "remappingSet") isOn = seen.on;
    else if (seen.kind === "interruptPassed" && seen.compatibility && isOn !== false) {
      judge.notObservable(
        isOn === true
          ? "interrupt of the compatibility format that passed while remapping is on: CFI and EIME"
          : "interrupt of the compatibility format: whether remapping is on is not in the trace",
      );
    }
  }
}
