import { env } from "node:process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Catch } from "../hunt/chase.ts";
import { chaseMutant } from "../hunt/chase-mutant.ts";
import { brokenLaw } from "../hunt/find.ts";
import { occurrences, seeding } from "../hunt/mutant.ts";
import { laws } from "../laws/all.ts";
import type { Law } from "../laws/law.ts";
import type { Program } from "../world/program.ts";
import { anyProgram } from "../world/program.ts";
import { bugs } from "./all.ts";
import type { Bug } from "./bug.ts";
import { handfulOf, today } from "./handful.ts";
import { historicBugs } from "./historic-bugs.ts";
import { quickBugs } from "./quick.ts";

const handful = 5;

/** The bugs that are hunted in this run: those asked for, or the next handful each day. */
const hunted = env["SHADOWFOLD_BUGS"]?.split(",") ?? handfulOf(quickBugs, handful, today());
console.info(`SHADOWFOLD_BUGS=${hunted.join(",")} npm test -- properties/bugs hunts these again`);

/** Looks for a law that some worlds break in the model with one bug, or with none. */
const search = (bug: Bug | undefined, suspect: string, runs: number): Promise<Catch | undefined> =>
  chaseMutant(bug && seeding(bug), {
    ...{ seed: 1, suspects: [suspect], runs },
    ...{ seconds: 45, shrinking: 0, worlds: bug?.worlds },
  });

describe("seeded bugs", () => {
  it("[BU1] there are at least 20, each with a name of its own", () => {
    expect(bugs.length).toBeGreaterThanOrEqual(20);
    expect(new Set(bugs.map(({ id }) => id)).size).toBe(bugs.length);
  });

  it("[BU2] each changes a place that exists exactly once", () => {
    const counts = bugs.map((bug) => [bug.id, occurrences(bug)]);
    expect(counts.filter(([, count]) => count !== 1)).toEqual([]);
    expect(bugs.filter(({ find, replace }) => find === replace)).toEqual([]);
  });

  it("[BU3] each names a law that exists", () => {
    const ids = new Set(laws.map(({ id }) => id));
    expect(bugs.filter(({ law }) => !ids.has(law)).map(({ id }) => id)).toEqual([]);
  });

  it("[BU4] those that are quick to catch exist", () => {
    const ids = new Set(bugs.map(({ id }) => id));
    expect(quickBugs.filter((id) => !ids.has(id))).toEqual([]);
  });

  it("[BU7] at least sixty were made before, each in something that can be looked up", () => {
    expect(historicBugs.length).toBeGreaterThanOrEqual(60);
    const place = /\b[0-9a-f]{7,12}\b|pull request \d+/;
    expect(historicBugs.filter(({ reference }) => !place.test(reference))).toEqual([]);
    expect(bugs.filter((bug) => historicBugs.some(({ id }) => id === bug.id)).length).toBe(
      historicBugs.length,
    );
  });
});

it("[BU9] a law that does not end is a finding of the hunt", () => {
  const [program] = fc.sample(anyProgram, { seed: 1, numRuns: 1 });
  const check = (): never => {
    for (;;);
  };
  const endless: Law = { id: "XX1", says: "nothing", sometimes: [], check };
  const found = brokenLaw(program as Program, [endless], undefined, 100);
  expect(found).toMatchObject({ law: "PF1", text: expect.stringContaining("timed out") });
});

describe("a handful of seeded bugs", () => {
  it.each(hunted)("[BU4] %s is caught", async (id) => {
    const bug = bugs.find((one) => one.id === id);
    if (bug === undefined) throw new Error(`there is no bug ${id}`);
    const found = await search(bug, bug.law, 40);
    expect(found?.law, `SHADOWFOLD_BUGS=${id} npm test -- properties/bugs`).toBeDefined();
  });

  it("[BU4] the same search in the model as it is finds nothing", async () => {
    expect(await search(undefined, "QU1", 5)).toBeUndefined();
  });
});
