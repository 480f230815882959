import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { explored } from "../explore/explored.ts";
import type { Find } from "./revoke-page.ts";
import { movesIn, revokePage, shownBugs, withBug } from "./revoke-page.ts";
import { shownRuns } from "./revoke-runs.ts";

const page = readFileSync(new URL("revoke.md", import.meta.url), "utf8");

/** Follows the moves that the page tells: a search for each would take long. */
const followPage: Find = async (bug, configuration) =>
  (await withBug(bug)).followed(configuration, movesIn(page, bug, configuration));

test("[EX13] docs/revoke.md tells how each of its seeded bugs breaks the model", async () => {
  expect(shownBugs.length).toBeGreaterThanOrEqual(5);
  expect(await revokePage(followPage)).toBe(page);
});

test.each(shownRuns())(
  "[EX14] the figures of docs/revoke.md begin as a small run of $configuration does",
  ({ configuration, levels, states }) => {
    const depth = Math.min(configuration === "ring" ? 2 : 4, levels.length - 1);
    const small = explored(configuration, { states: 2000, depth, symmetric: true });
    expect(levels.slice(0, small.levels.length)).toEqual(small.levels);
    expect(levels.reduce((sum, count) => sum + count)).toBe(states);
  },
);
