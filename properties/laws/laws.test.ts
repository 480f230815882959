import { env } from "node:process";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Program } from "../world/program.ts";
import { anyProgram } from "../world/program.ts";
import { laws } from "./all.ts";
import type { Law } from "./law.ts";
import { ordinary } from "./ordinary.ts";
import { reportOf } from "./report.ts";
import { runOf } from "./run.ts";

/** How many worlds: a few in every test run, 10,000 in the night. */
const worlds = Number(env["SHADOWFOLD_WORLDS"] ?? ordinary.worlds);
const seed = Number(env["SHADOWFOLD_SEED"] ?? ordinary.seed);

const reports = new Map<string, string>();
const reached = new Map<string, number>();
let [fewest, inputs] = [Number.POSITIVE_INFINITY, 0];

function check(program: Program): void {
  const run = runOf(program);
  fewest = Math.min(fewest, program.inputs.length);
  inputs += program.inputs.length;
  for (const law of laws) {
    const violation = law.check(run, (name, times = 1) => {
      const key = `${law.id} ${name}`;
      reached.set(key, (reached.get(key) ?? 0) + times);
    });
    if (violation === undefined || reports.has(law.id)) continue;
    reports.set(law.id, reportOf(program, law, seed));
  }
}

const neverReached = (law: Law): readonly string[] =>
  law.sometimes.filter((name) => !reached.has(`${law.id} ${name}`));

/** The cases by name, or how many they are. */
const casesOf = ({ sometimes }: Law): string =>
  sometimes.length > 50 ? `${sometimes.length} cases` : sometimes.join(", ");

describe(`${worlds} random worlds`, () => {
  beforeAll(
    () => {
      const property = fc.property(anyProgram, check);
      fc.assert(property, { seed, numRuns: worlds, endOnFailure: true });
    },
    60_000 + worlds * 2_000,
  );

  for (const law of laws) {
    it(`[${law.id}] ${law.says}`, () => {
      expect(reports.get(law.id)).toBeUndefined();
    });

    it(`[${law.id}] sometimes: ${casesOf(law)}`, () => {
      expect(neverReached(law)).toEqual([]);
    });
  }

  it("[WO1] a generated world has at least 60 inputs", () => {
    expect(fewest).toBeGreaterThanOrEqual(60);
    expect(inputs).toBeGreaterThan(60 * worlds);
  });
});
