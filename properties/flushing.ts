import type { Step } from "../history/step.ts";
import { stepOf } from "../history/step.ts";
import type { LateWrites } from "../history/unseen.ts";
import { followLateWrites, noLateWrites } from "../history/unseen.ts";
import { hasUnseen, withAllSeen } from "../projections/memory/seen.ts";
import type { World } from "../projections/world.ts";
import type { Beside } from "./judge-unseen.ts";

/** Invalidating steps that are kept, at most. */
const most = 256;

const invalidations: ReadonlySet<string> = new Set([
  "ContextInvalidated",
  "PasidCacheInvalidated",
  "IotlbInvalidated",
  "PasidIotlbInvalidated",
  "InterruptEntriesInvalidated",
]);

const followInvalidations = (old: readonly Step[], step: Step): readonly Step[] =>
  step.facts.some(({ type }) => invalidations.has(type)) ? [...old, step].slice(-most) : old;

/** What is known of a log so far, to judge its steps by. */
export interface Flushing {
  readonly late: readonly LateWrites[];
  /**
   * The world of a unit that sees at once what the CPU writes, from the first step on after which
   * those of the log need not; nothing before.
   */
  readonly seen: World | undefined;
  /** The latest steps that invalidated something since then. */
  readonly invalidated: readonly Step[];
}

/** Nothing has happened yet. */
export const noFlushing: Flushing = { late: [], seen: undefined, invalidated: [] };

/** What is known beside a step that comes next. */
export const besideOf = ({ late, seen, invalidated }: Flushing, { input }: Step): Beside => ({
  late,
  invalidated,
  seen: seen === undefined ? undefined : stepOf(seen, input),
});

/** What is known once a step was taken, of which it was known what is `beside` it. */
export function followFlushing(flushing: Flushing, step: Step, { seen }: Beside): Flushing {
  const { late, invalidated } = flushing;
  const guests = step.after.guests.map((_, index) =>
    followLateWrites(late[index] ?? noLateWrites(index), step),
  );
  const hides = step.after.guests.some(hasUnseen);
  if (seen === undefined && !hides) return { late: guests, seen: undefined, invalidated: [] };
  const then = withAllSeen((seen ?? step).after);
  return { late: guests, seen: then, invalidated: followInvalidations(invalidated, step) };
}
