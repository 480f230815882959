import { env } from "node:process";
import { beforeAll, describe, expect, it } from "vitest";
import { anyExtendedProgram } from "../world/extended/program.ts";
import { laws } from "./all.ts";
import type { Judged } from "./judge-worlds.ts";
import { judgeWorlds } from "./judge-worlds.ts";

/** How many worlds: a few in every test run, more in the night. */
const worlds = Number(env["SHADOWFOLD_EXTENDED_WORLDS"] ?? 8);
const seed = Number(env["SHADOWFOLD_SEED"] ?? 1);

describe(`${worlds} random worlds of extended contexts`, () => {
  let judged: Judged;

  beforeAll(
    () => {
      const how = { seed, worlds, patience: 60_000, twice: 50 };
      judged = judgeWorlds({ programs: anyExtendedProgram, laws, ...how });
    },
    60_000 + worlds * 2_000,
  );

  it("[EC90] every law holds in them", () => {
    expect(judged.worlds).toBe(worlds);
    expect([...judged.reports.values()].map((one) => one.slice(0, 1500))).toEqual([]);
  });
});
