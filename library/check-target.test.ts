import { describe, expect, it } from "vitest";
import { makeViommu } from "../target/example/viommu.ts";
import { assertTarget, checkTarget } from "./check-target.ts";

describe("checking a target in a test", () => {
  const planted = () => makeViommu(7);

  it("[TG8] a failure has its story, and its seed and path run it alone", async () => {
    // Enough for it to be as small as it gets, however slow the machine is.
    const shrinkSeconds = 100;
    const asked = { seed: 7, runs: 40, shrinkSeconds };
    const { failure, programs } = await checkTarget(planted, asked);
    expect(failure?.text).toMatch(/^dma: /);
    expect(failure?.story).toMatch(/^ {3}1\. .*\n[\s\S]*differs from the model: dma: /);
    expect(failure?.story.split("\n").length).toBeLessThan(40);
    const { seed = 0, path = 0 } = failure ?? {};
    expect([path > 0, programs]).toEqual([true, path + 1]);
    const again = await checkTarget(planted, { seed, path, shrinkSeconds });
    expect([again.programs, again.failure]).toEqual([1, failure]);
    expect((await checkTarget(() => makeViommu(), { seed, path })).failure).toBeUndefined();
  });

  it("[TG8] assertTarget fails with all that it takes to run it again", async () => {
    const failing = assertTarget(planted, { seed: 3, runs: 40 });
    await expect(failing).rejects.toThrow(/dma: [\s\S]*To run it again: \{ seed: 3, path: \d+ \}$/);
    const report = await assertTarget(() => makeViommu(), { seed: 3, runs: 2 });
    expect([report.programs, report.failure]).toEqual([2, undefined]);
  });

  it("[TG9] deviations are passed by where their predicate holds, and counted", async () => {
    const explains = ({ what }: { readonly what: string }) =>
      what === "dma" ? ("end" as const) : undefined;
    const deviations = [{ id: "wrong-index", explains }];
    const report = await checkTarget(planted, { seed: 3, runs: 15, deviations });
    expect(report.failure).toBeUndefined();
    expect(report.deviations["wrong-index"]).toBeGreaterThan(0);
  });

  it("[TG8] a promise that stays open is given up; wrong options are named", async () => {
    const open = () => ({ ...makeViommu(), dma: () => new Promise<never>(() => undefined) });
    const { failure } = await checkTarget(open, { seed: 3, runs: 2, timeout: 1 });
    expect(failure?.text).toMatch(/^the target: does not answer dma for [\d.]+ s$/);
    await expect(checkTarget(planted, { runs: 0 })).rejects.toMatchObject({ field: "runs" });
    await expect(checkTarget(planted, { path: -1 })).rejects.toMatchObject({ field: "path" });
    const none = checkTarget(() => null as never);
    await expect(none).rejects.toThrow("the target: is not an object");
  });
});
