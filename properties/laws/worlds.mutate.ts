import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenLaw } from "../hunt/find.ts";
import { anyProgram } from "../world/program.ts";
import { ordinary } from "./ordinary.ts";

const worlds = 12;
const programs = fc.sample(anyProgram, { seed: ordinary.seed, numRuns: worlds });

// One test for each world, so that a mutant is held to those that come by it and to no others.
describe("random worlds for mutation testing", () => {
  it.each(programs.map((program, index) => [index, program] as const))(
    "world %i keeps every law",
    (_, program) => {
      expect(brokenLaw(program)).toBeUndefined();
    },
  );
});
