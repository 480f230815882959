import { forkColumns } from "../columns/columns.ts";
import { forkNumbers, numberAt } from "../columns/number-column.ts";
import { forkChanges } from "../lifeline/change-index.ts";
import { forkCheckpoints } from "../timeline/checkpoints.ts";
import { forkFindings } from "../timeline/finding.ts";
import { forkInputs } from "../timeline/input-store.ts";
import { stepAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";

/**
 * A timeline of the first inputs of another, which goes on apart. What both have is shared, so it
 * takes little room and no folding but to the place itself.
 *
 * @param inputs  how many, at most all that there are.
 */
export function forkTimeline(timeline: Timeline, inputs: number): Timeline {
  const { numbers, checkpoints } = timeline;
  const start = checkpoints.kept[0]?.world ?? timeline.end;
  const end = inputs === 0 ? start : (stepAt(timeline, inputs - 1)?.after ?? timeline.end);
  return {
    judge: timeline.judge,
    inputs: forkInputs(timeline.inputs, inputs),
    numbers: forkNumbers(numbers, inputs),
    checkpoints: forkCheckpoints(checkpoints, inputs),
    columns: forkColumns(timeline.columns, end.seq),
    changes: forkChanges(timeline.changes, end.seq),
    findings: forkFindings(timeline.findings, end.seq),
    end,
    cut: undefined,
    steps: undefined,
    mostSteps: 0,
    folded: new Map(),
    refolded: 0,
  };
}

/** The number of the event that an input has, by its place. */
export const eventOfInput = ({ numbers }: Timeline, place: number): number =>
  numberAt(numbers, place);
