import { describe, expect, it } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
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

  it("[TG8] a promise that stays open is given up", async () => {
    const open = () => ({ ...makeViommu(), dma: () => new Promise<never>(() => undefined) });
    const { failure } = await checkTarget(open, { seed: 3, runs: 2, timeout: 1 });
    expect(failure?.text).toMatch(/^the target: does not answer dma for [\d.]+ s$/);
    const none = checkTarget(() => null as never);
    await expect(none).rejects.toThrow("the target: is not an object");
  });

  const nowhere = Number.NaN;
  it.each([
    ...[0, -1, 1.5, nowhere, Infinity, "3", null].map((runs) => ["runs", { runs }] as const),
    ...[-1, 1.5, nowhere, 1n].map((path) => ["path", { path }] as const),
    ...[1n, "x", 1.5, nowhere, null].map((seed) => ["seed", { seed }] as const),
    ...[0, -1, nowhere, Infinity, "5"].map((seconds) => ["seconds", { seconds }] as const),
    ...[-1, nowhere, "5"].map((shrinkSeconds) => ["shrinkSeconds", { shrinkSeconds }] as const),
    ...[0, -1, nowhere, 2 ** 31].map((timeout) => ["timeout", { timeout }] as const),
    ...[5, null].map((profile) => ["profile", { profile }] as const),
    ["profile.ver", { profile: {} }],
    ["profile.cap", { profile: { ver: 1n, cap: 2, ecap: 3n } }],
    ...[5, {}].map((deviations) => ["deviations", { deviations }] as const),
    ["deviations[0]", { deviations: [5] }],
    ["deviations[0].id", { deviations: [{}] }],
    ["deviations[0].explains", { deviations: [{ id: "known", explains: 5 }] }],
    ["rnus", { rnus: 3 }],
    ...[null, 5, []].map((options) => ["", options] as const),
  ] as const)("[TG8] a wrong option is named: %s of %o", async (field, options) => {
    const asked = options as never;
    const error = { name: "MalformedError", subject: "options", field };
    await expect(assertTarget(planted, asked)).rejects.toMatchObject(error);
  });

  it("[TG8] what makes no target is named, and a check that compared nothing fails", async () => {
    const none = checkTarget(5 as never);
    await expect(none).rejects.toThrow("make: expected a function, found 5");
    const hurried = assertTarget(() => makeViommu(), { seed: 3, seconds: Number.MIN_VALUE });
    await expect(hurried).rejects.toThrow("the time was over before anything was compared");
    const profile = profiles["hardware-2016-caching"];
    const { programs } = await checkTarget(() => makeViommu(), { seed: -3, runs: 1, profile });
    expect(programs).toBe(1);
  });
});
