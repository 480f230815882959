import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { laws } from "../properties/laws/all.ts";
import { anyProgram } from "../properties/world/program.ts";
import { brokenLaw, judge, runOf } from "./run.ts";
import { dma, setup } from "./test/junk.ts";

describe("a run", () => {
  it("[LB4] is made of copies, keeps every law, and is judged step by step", () => {
    const property = fc.property(anyProgram, (program) => {
      const run = runOf(program);
      expect(run.inputs).not.toContain(program.inputs[0]);
      for (const law of laws) expect(law.check(run, () => {})).toBeUndefined();
      expect(brokenLaw(program)).toBeUndefined();
      for (const one of run.steps) expect(judge(one).violations).toEqual([]);
    });
    fc.assert(property, { numRuns: 3, endOnFailure: true });
  });

  it("[LB4] keeps no bytes of its program", () => {
    const bytes = Uint8Array.of(1, 2);
    const input = { ...dma, type: "DmaIssue", tag: 1, bytes } as never;
    const run = runOf({ setup, inputs: [input] });
    bytes.fill(9);
    expect(run.inputs).toMatchObject([{ bytes: Uint8Array.of(1, 2) }]);
    expect(run.steps[0]?.input).toBe(run.inputs[0]);
  });
});
