import { expect, it } from "vitest";
import { campaign } from "./campaign.ts";
import { makeViommu } from "./example/viommu.ts";
import type { Answers, Implementation } from "./implementation.ts";
import { nothingKnown } from "./known.ts";
import { makeSmall } from "./make-small.ts";
import { objectPlan } from "./object-plan.ts";

/** The example, which says nothing where a DMA faults: only what has turned translation on. */
function stalling(): Implementation {
  const target = makeViommu();
  return {
    ...target,
    dma: (asked) => {
      const answer = target.dma(asked) as Answers["dma"];
      return answer.fault === undefined ? answer : new Promise(() => undefined);
    },
  };
}

it("[TG4] silence that takes several steps is made as small as another mistake", async () => {
  const asked = { target: objectPlan(stalling, { patience: 1 }), known: nothingKnown };
  const watch = (): void => undefined;
  const bounds = { seed: 2, runs: 20, seconds: 60, lanes: 1, watch };
  const { finding } = await campaign({ ...asked, ...bounds });
  if (finding === undefined) throw new Error("nothing was found");
  expect(finding.inputs.length).toBeGreaterThan(60);
  const small = await makeSmall({ ...asked, seconds: 60, watch }, finding);
  expect([small.again, small.cut]).toEqual([true, undefined]);
  expect(small.finding.death).toBe("the target: does not answer dma for 1 s");
  expect(small.finding.inputs.length).toBeLessThan(20);
});
