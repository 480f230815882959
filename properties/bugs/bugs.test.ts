import { describe, expect, it } from "vitest";
import { chaseMutant } from "../hunt/chase-mutant.ts";
import { occurrences, seeding } from "../hunt/mutant.ts";
import { laws } from "../laws/all.ts";
import { bugs } from "./all.ts";

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

  it("[BU4] a bug is caught, and the same search in the model as it is finds nothing", async () => {
    const bug = bugs.find(({ id }) => id === "long-status");
    const how = { seed: 1, suspects: ["QU1"], shrinking: 1 };
    const caught = await chaseMutant(bug && seeding(bug), { ...how, seconds: 20 });
    expect(caught?.law).toBe("QU1");
    expect(await chaseMutant(undefined, { ...how, seconds: 2 })).toBeUndefined();
  });
});
