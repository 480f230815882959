import { expect, it } from "vitest";
import type { DmaChange, WhatIfView } from "../protocol.ts";
import type { KeptRun } from "./kept-runs.ts";
import { fileNameOf, renamed, shownWithout, withRun } from "./kept-runs.ts";
import { conclusionOf } from "./run-conclusion.ts";

const run = (name: string): Omit<KeptRun, "key"> => ({
  ...{ name, edits: [], view: {} as WhatIfView },
  sides: { left: "a", right: "b", isHere: true },
});

it("[DB34] no two branches have one name, and one is shown once another is removed", () => {
  const runs = ["a", "b", "a"].map(run).reduce<readonly KeptRun[]>(withRun, []);
  expect(runs.map(({ key, name }) => [key, name])).toEqual([
    [1, "a"],
    [2, "b"],
    [3, "a (2)"],
  ]);
  expect(renamed(runs, 2, "a").map(({ name }) => name)).toEqual(["a", "a (3)", "a (2)"]);
  expect(renamed(runs, 2, " b ").map(({ name }) => name)).toEqual(["a", "b", "a (2)"]);
  expect(renamed(runs, 2, " ")).toBe(runs);
  expect([shownWithout(runs, 3), shownWithout(runs, 1)]).toEqual([2, 2]);
  expect(shownWithout(runs.slice(0, 1), 1)).toBeUndefined();
  expect(withRun(runs.slice(1), run("c")).at(-1)?.key).toBe(4);
  const file = fileNameOf("linux-vfio-edu.jsonl.gz", "the write at 5628: «gone»?");
  expect(file).toBe("linux-vfio-edu.the-write-at-5628-gone.jsonl.gz");
  expect(fileNameOf("../a b/..\\c.log", "")).toBe("..-a-b-..-c.jsonl.gz");
  expect(fileNameOf("a.log", "/".repeat(999)).length).toBeLessThan(30);
});

it("[DB35] what requests come to is counted by what became of them", () => {
  const [good, bad] = [true, false].map((of) => ({ seq: 1, text: "", good: of }));
  const one = (left: typeof good, right: typeof good): DmaChange => ({
    ...{ device: "", iova: "", left, right },
  });
  const dma = [
    one(bad, good),
    one(bad, good),
    one(good, bad),
    one(undefined, good),
    one(good, good),
  ];
  expect(conclusionOf({ dma, dmaDiffering: 9 })).toBe(
    "9 requests come to something else: of the first 5, 2 that were blocked land, " +
      "1 that landed does not, 1 comes to something else, 1 is only in the second run.",
  );
  expect(conclusionOf({ dma: dma.slice(0, 1), dmaDiffering: 1 })).toBe(
    "1 request comes to something else: 1 that was blocked lands.",
  );
  expect(conclusionOf({ dma: [], dmaDiffering: 0 })).toContain("No request");
});
