import { describe, expect, it } from "vitest";
import type { chase } from "../hunt/chase.ts";
import { importMutant, occurrences } from "../hunt/mutant.ts";
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
    const entry = "properties/hunt/chase.ts";
    const mutant = (await importMutant(entry, bug)) as { chase: typeof chase };
    const model = (await importMutant(entry, undefined)) as { chase: typeof chase };
    expect(mutant.chase(1, 20, "QU1")?.law).toBe("QU1");
    expect(model.chase(1, 2, "QU1")).toBeUndefined();
  });
});
