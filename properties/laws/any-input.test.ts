import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyInput } from "../arbitrary/event.ts";
import { anyProgram } from "../world/program.ts";
import { runOf } from "./run.ts";

describe("any input", () => {
  it("[PF2] no input throws in any world, and a refused one changes nothing", () => {
    const inputs = fc.array(anyInput, { minLength: 5, maxLength: 40, size: "max" });
    const worlds = fc.property(anyProgram, inputs, ({ setup, inputs: first }, strange) => {
      const { steps } = runOf({ setup, inputs: [...first.slice(0, 40), ...strange] });
      for (const { before, after, facts } of steps) {
        const [only] = facts;
        if (facts.length !== 1 || only?.type !== "InputRefused") continue;
        expect(before.owners).toBe(after.owners);
        expect(isDeepStrictEqual(before.guests, after.guests)).toBe(true);
      }
    });
    fc.assert(worlds, { numRuns: 100 });
  });
});
