import fc from "fast-check";
import { expect, it } from "vitest";
import { registersOf as mapOf, readBytes } from "../../projections/registers/registers.ts";
import { anyProgram } from "../world/program.ts";
import { wordAt } from "./register-sight.ts";
import { momentsOf, runOf } from "./run.ts";

it("[OR31] a word taken from an earlier event is the one that reading it again gives", () => {
  let kept = 0;
  const property = fc.property(anyProgram, (program) => {
    for (const { read, was, now } of momentsOf(runOf(program))) {
      if (read === undefined || was === undefined || now === undefined) continue;
      if (read.was === read.now) kept += 1;
      for (const { offset, bytes } of mapOf(now.profile).specs) {
        const word = wordAt(read.now, offset, bytes);
        if (word !== readBytes(now, offset, bytes)) expect({ offset, word }).toEqual(now);
      }
    }
  });
  fc.assert(property, { seed: 9, numRuns: 30, endOnFailure: true });
  expect(kept).toBeGreaterThan(1000);
});
