import { inputAt } from "../timeline/input-store.ts";
import type { Progress, Timeline } from "../timeline/timeline.ts";
import { append } from "../timeline/timeline.ts";
import type { Edit } from "./edit.ts";
import { plannedInputs, planOf } from "./edit.ts";
import { forkTimeline } from "./fork.ts";

/** What would have been: a log with some inputs done differently. */
export interface Branch {
  readonly name: string;
  readonly base: Timeline;
  readonly edits: readonly Edit[];
  readonly timeline: Timeline;
  /** Inputs before it are those of the log. */
  readonly first: number;
  /** The place in the log of each input from `first` on; -1 for one that is new. */
  readonly origins: readonly number[];
}

const inputsAtOnce = 1024;

/**
 * Does some inputs differently and folds on from there. What is before the first of them is shared
 * with the log.
 *
 * @returns a generator that says now and then how far it is, and the branch at the end. Ending it
 *   early leaves everything as it was.
 * @throws EditError, at the first step, when an edit cannot be; nothing is changed then.
 */
export function* foldBranch(
  base: Timeline,
  name: string,
  edits: readonly Edit[],
): Generator<Progress, Branch, void> {
  const plan = planOf(base, edits);
  const timeline = forkTimeline(base, plan.first);
  const origins: number[] = [];
  for (const { from, input } of plannedInputs(plan, base.inputs.count)) {
    const own = input ?? (from === undefined ? undefined : inputAt(base.inputs, from));
    if (own === undefined) continue;
    append(timeline, own);
    origins.push(from ?? -1);
    if (origins.length % inputsAtOnce === 0) {
      yield { inputs: timeline.inputs.count, events: timeline.end.seq };
    }
  }
  return { name, base, edits, timeline, first: plan.first, origins };
}

/** The branch of some edits, at once. @throws EditError */
export function branchOf(base: Timeline, name: string, edits: readonly Edit[]): Branch {
  const folding = foldBranch(base, name, edits);
  for (;;) {
    const next = folding.next();
    if (next.done === true) return next.value;
  }
}

/** A branch with one more edit, folded from the log anew. @throws EditError; the branch stays. */
export const withEdit = (branch: Branch, edit: Edit): Branch =>
  branchOf(branch.base, branch.name, [...branch.edits, edit]);
