import { env } from "node:process";
import { beforeAll, describe, expect, it } from "vitest";
import { anyMixedProgram } from "../world/extended/mixed.ts";
import { laws } from "./all.ts";
import type { Judged } from "./judge-worlds.ts";
import { judgeWorlds } from "./judge-worlds.ts";

/** How many worlds: a few in every test run, more in the night. */
const worlds = Number(env["SHADOWFOLD_EXTENDED_WORLDS"] ?? 8);
const seed = Number(env["SHADOWFOLD_SEED"] ?? 1);

/** Cases that so many worlds are to reach, by law. */
const many = 300;
const sometimes = [
  ...["SH1 nested", "SH1 first stage", "DM1 nested landed", "DM1 stale first stage"],
  ...["HC1 nested reaches", "HC1 nested twice reaches", "HC2 createTable fails"],
  ...["AD1 accessed", "AD1 dirty", "TA1 given"],
  ...["PG1 queued", "PG1 overflow", "PG1 dropped: 0x30", "PG1 answered by software"],
  ...["IV6 dropped by PASID", "QU1 pasidCache", "QU1 pasidIotlb"],
];

describe(`${worlds} random worlds with extended contexts, alone and beside other units`, () => {
  let judged: Judged;

  beforeAll(
    () => {
      const how = { seed, worlds, patience: 60_000, twice: 50 };
      judged = judgeWorlds({ programs: anyMixedProgram, laws, ...how });
    },
    60_000 + worlds * 2_000,
  );

  it("[EC90] every law holds in them", () => {
    expect(judged.worlds).toBe(worlds);
    expect([...judged.reports.values()].map((one) => one.slice(0, 1500))).toEqual([]);
  });

  it.skipIf(worlds < many)("[EC90] sometimes each case is reached that is of their formats", () => {
    expect(sometimes.filter((name) => !judged.reached.has(name))).toEqual([]);
  });
});
