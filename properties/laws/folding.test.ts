import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import { anyProgram } from "../world/program.ts";
import {
  foldIsDeterministic,
  isSoughtAtEnd,
  projectionIsTheFold,
  seekingIsFolding,
} from "./folding.ts";
import type { Law } from "./law.ts";
import type { Run } from "./run.ts";
import { runOf } from "./run.ts";
import { savedIsTheSame } from "./saved.ts";

const runs = fc.sample(anyProgram, { seed: 3, numRuns: 3 }).map(runOf);
const judge = (law: Law, run: Run) => law.check(run, () => {});

/** A run that is the same but for one step. */
function withStep(run: Run, at: number, change: (step: Step) => Step): Run {
  return { ...run, steps: run.steps.map((step, index) => (index === at ? change(step) : step)) };
}

/** A world of which the first guest has allowed compatibility interrupts, or no longer does. */
const otherWorld = (world: World): World => ({
  ...world,
  guests: world.guests.map((guest, index) => {
    const compatibilityInterrupts = !guest.compatibilityInterrupts;
    return index === 0 ? { ...guest, compatibilityInterrupts } : guest;
  }),
});

const halfway = ({ steps }: Run): number =>
  steps.findIndex(({ facts }, index) => index > steps.length / 2 && facts.length > 1);
const last = ({ steps }: Run): number => steps.length - 1;

describe("folding again", () => {
  it("[LO1] facts that are others the second time are found at their step", () => {
    for (const run of runs) {
      const at = halfway(run);
      const fewer = withStep(run, at, (step) => ({ ...step, facts: step.facts.slice(1) }));
      const seq = run.steps[at]?.seq;
      expect(judge(foldIsDeterministic, run)).toBeUndefined();
      expect(judge(foldIsDeterministic, fewer)).toMatchObject({ law: "LO1", seq });
      expect(judge(savedIsTheSame, fewer)).toMatchObject({ law: "SV1", seq });
    }
  });

  it("[LO1] a last world that is another is found, with records on the way or without", () => {
    for (const run of runs) {
      const other = withStep(run, last(run), (step) => ({
        ...step,
        after: otherWorld(step.after),
      }));
      for (const law of [foldIsDeterministic, savedIsTheSame, projectionIsTheFold]) {
        expect(judge(law, run)).toBeUndefined();
        const found = judge(law, other);
        expect(found?.law).toBe(law.id);
        expect(found?.seq).toBeGreaterThanOrEqual(run.steps.at(-1)?.seq ?? Number.NaN);
      }
    }
  });

  it("[LO3] a world that no evolving leads to is found at its event, also inside of a step", () => {
    for (const run of runs) {
      const half = halfway(run);
      const at = run.steps.findIndex((one, index) => index >= half && isSoughtAtEnd(one));
      const [step, next] = [run.steps[at], run.steps[at + 1]];
      const after = withStep(run, at, (one) => ({ ...one, after: otherWorld(one.after) }));
      expect(judge(seekingIsFolding, run)).toBeUndefined();
      expect(judge(seekingIsFolding, after)).toMatchObject({ seq: step?.after.seq });
      if (next === undefined) continue;
      const inside = run.steps.map((one) => ({ ...one, before: otherWorld(one.before) }));
      const found = judge(seekingIsFolding, { ...run, steps: inside });
      const where = run.steps.find(({ after: { seq } }) => seq >= (found?.seq ?? 0));
      expect(found?.seq).toBeLessThan(where?.after.seq ?? 0);
    }
  });
});
