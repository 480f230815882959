import { env } from "node:process";
import { beforeAll, describe, expect, it } from "vitest";
import { anyProgram } from "../world/program.ts";
import { laws } from "./all.ts";
import type { Judged } from "./judge-worlds.ts";
import { judgeWorlds } from "./judge-worlds.ts";
import type { Law } from "./law.ts";
import { ordinary } from "./ordinary.ts";

/** How many worlds: a few in every test run, 10,000 in the night. */
const worlds = Number(env["SHADOWFOLD_WORLDS"] ?? ordinary.worlds);
const seed = Number(env["SHADOWFOLD_SEED"] ?? ordinary.seed);

/** The cases by name, or how many they are. */
const casesOf = ({ sometimes }: Law): string =>
  sometimes.length > 50 ? `${sometimes.length} cases` : sometimes.join(", ");

describe(`${worlds} random worlds`, () => {
  let judged: Judged;

  beforeAll(
    () => {
      const how = { seed, worlds, patience: 60_000, twice: 50 };
      judged = judgeWorlds({ programs: anyProgram, laws, ...how });
    },
    60_000 + worlds * 2_000,
  );

  for (const law of laws) {
    it(`[${law.id}] ${law.says}`, () => {
      expect(judged.reports.get(law.id)).toBeUndefined();
    });

    it(`[${law.id}] sometimes: ${casesOf(law)}`, () => {
      const { reached } = judged;
      expect(law.sometimes.filter((name) => !reached.has(`${law.id} ${name}`))).toEqual([]);
    });
  }

  it("[WO1] a generated world has at least 60 inputs", () => {
    expect(judged.fewest).toBeGreaterThanOrEqual(60);
    expect(judged.inputs).toBeGreaterThan(60 * worlds);
  });

  it("[WO3] nothing throws, hangs or answers differently twice while worlds are judged", () => {
    expect(judged.worlds).toBe(worlds);
    expect([...judged.reports.values()]).toEqual([]);
  });
});
