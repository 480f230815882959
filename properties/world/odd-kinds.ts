import type { Driver } from "./driver.ts";
import type { Command } from "./mapping-commands.ts";
import { earlyTail, oddDescriptor } from "./odd-descriptors.ts";
import { detach, missNarrowly, spoilFirst, spoilSecond } from "./odd-entries.ts";

/** What a world ends with: forms and bits that others got wrong, whatever the world is about. */
const legacy: readonly Command[] = [
  ...[oddDescriptor, oddDescriptor, spoilSecond, spoilSecond, detach, detach, earlyTail],
  missNarrowly,
];
const scalable: readonly Command[] = [
  ...[oddDescriptor, oddDescriptor, spoilFirst, spoilFirst, spoilSecond, earlyTail],
  ...[missNarrowly, missNarrowly],
];

/**
 * The odd kinds of command of a driver.
 *
 * @param ruleFollowing  without those that no rule allows.
 * @param without        kinds that are left out.
 */
export const oddKindsOf = (
  driver: Driver,
  ruleFollowing: boolean,
  without: ReadonlySet<Command>,
): readonly Command[] =>
  (driver.isScalable ? scalable : legacy).filter(
    (kind) => !without.has(kind) && !(ruleFollowing && kind === oddDescriptor),
  );
