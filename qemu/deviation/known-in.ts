import type { Known } from "../../target/known.ts";
import { nothingKnown } from "../../target/known.ts";
import { qemuAvoids } from "./avoidance.ts";
import { qemuMemory } from "./context-memory.ts";
import type { Version } from "./known.ts";
import { isSeenIn, knownDeviations } from "./known.ts";
import { qemuDeviations } from "./qemu-deviations.ts";

/** Of a program that speaks qtest, and of which nothing else is known. */
export const nothingKnownOfQtest: Known = {
  ...{ ...nothingKnown, memory: qemuMemory, hasDevices: true },
};

/**
 * What is known of a version of QEMU.
 *
 * @param without  a deviation that is to be met like any other difference.
 */
export function knownIn(version: Version, without?: string): Known {
  const ids = new Set(
    knownDeviations.filter((known) => isSeenIn(known, version)).map(({ id }) => id),
  );
  if (without !== undefined) ids.delete(without);
  // The queue would explain what is not avoided any more.
  if (qemuAvoids.some(({ id }) => id === without)) ids.delete("descriptor-accepted");
  const isKnown = ({ id }: { readonly id: string }): boolean => ids.has(id);
  return {
    deviations: qemuDeviations.filter(isKnown),
    avoided: qemuAvoids.filter(isKnown),
    memory: qemuMemory,
    hasDevices: true,
  };
}
