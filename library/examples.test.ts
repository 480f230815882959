import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { scratch } from "../cli/test/scratch.ts";
import { campaign } from "../target/campaign.ts";
import { plantedBugs } from "../target/example/bugs.ts";
import { makeViommu } from "../target/example/viommu.ts";
import { nothingKnown } from "../target/known.ts";
import { objectPlan } from "../target/object-plan.ts";
import { stdioPlan } from "../target/reach.ts";
import type { TargetPlan } from "../target/target.ts";
import { compiledExample, installedCompiler } from "../target/test/built.ts";
import { assertTarget } from "./check-target.ts";

const { folder } = scratch("example", afterAll);
const { isThere, why } = installedCompiler();
const program = isThere ? compiledExample(folder) : "";
const wishes = { patience: 10 };
const numbers = plantedBugs.map((_, index) => index + 1);

/** What is found in some seconds at most. */
async function found(target: TargetPlan): Promise<string | undefined> {
  const { lanes } = target;
  const asked = { target, known: nothingKnown, seed: 5, runs: 100_000, seconds: 30, lanes };
  const { finding } = await campaign({ ...asked, watch: () => undefined });
  return finding?.comparison?.difference?.text;
}

describe("the examples", () => {
  it("[TG2] the one in TypeScript does what the model does", { timeout: 240_000 }, async () => {
    const { programs, compared } = await assertTarget(() => makeViommu(), { seed: 3, runs: 300 });
    expect([programs, compared > 30_000]).toEqual([300, true]);
  });

  it.skipIf(!isThere)(`[TG2] so does the one in C${why}`, { timeout: 240_000 }, async () => {
    const target = stdioPlan(program, wishes);
    const asked = { target, known: nothingKnown, seed: 3, runs: 300, seconds: 200, lanes: 2 };
    const { tally, finding } = await campaign({ ...asked, watch: () => undefined });
    expect(finding?.death ?? finding?.comparison?.difference?.text).toBeUndefined();
    expect([tally.programs, tally.compared > 30_000]).toEqual([300, true]);
  });

  it("[TG3] a mistake that there is none of is no mistake that nobody finds", () => {
    for (const bug of [-1, 11, 99]) expect(() => makeViommu(bug)).toThrow(RangeError);
    const wrong = [["--bug", "99"], ["--bug", "two"], ["--bug"], ["4"]];
    for (const words of isThere ? wrong : []) {
      const { status, stderr } = spawnSync(program, words, { encoding: "utf8", input: "" });
      expect([words, status, stderr]).toEqual([words, 2, expect.stringMatching(/^usage: .*\n$/)]);
    }
  });

  it.each(numbers)("[TG3] mistake %i in TypeScript is found within 30 s", async (bug) => {
    const text = await found(objectPlan(() => makeViommu(bug), wishes));
    expect([bug, text]).toEqual([bug, expect.any(String)]);
  });

  it.skipIf(!isThere).each(numbers)(`[TG3] mistake %i in C is found, too${why}`, async (bug) => {
    const text = await found(stdioPlan(`${program} --bug ${bug.toString()}`, wishes));
    expect([bug, text]).toEqual([bug, expect.any(String)]);
  });
});
