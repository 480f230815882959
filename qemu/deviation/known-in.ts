import { qemuAvoids } from "./avoidance.ts";
import type { Avoidance, Deviation } from "./deviation.ts";
import type { Version } from "./known.ts";
import { isSeenIn, knownDeviations } from "./known.ts";
import { qemuDeviations } from "./qemu-deviations.ts";

/** What is known of a target, and passed by. */
export interface Known {
  readonly deviations: readonly Deviation[];
  readonly avoided: readonly Avoidance[];
}

/** Of a target of which nothing is known. */
export const nothingKnown: Known = { deviations: [], avoided: [] };

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
  return { deviations: qemuDeviations.filter(isKnown), avoided: qemuAvoids.filter(isKnown) };
}
