import { env } from "node:process";
import { describe, expect, it } from "vitest";
import { huntWithLaws, quickWorlds } from "../hunt/chart-hunt.ts";
import { ordinary } from "../laws/ordinary.ts";
import { chartMutants } from "./chart-mutants.ts";
import { handfulOf, today } from "./handful.ts";
import { slowTargets } from "./quick.ts";

const handful = 3;
const ids = new Set(chartMutants.map(({ id }) => id));
const quick = chartMutants.filter(({ id }) => !slowTargets.has(id));

/** The targets that are turned in this run: those asked for by number, or the next each day. */
const asked = env["SHADOWFOLD_TARGETS"]?.split(",").map(Number);
const hunted = chartMutants.filter((mutant, place) =>
  asked === undefined ? handfulOf(quick, handful, today()).includes(mutant) : asked.includes(place),
);
const numbers = hunted.map((mutant) => chartMutants.indexOf(mutant)).join(",");
console.info(`SHADOWFOLD_TARGETS=${numbers} npm test -- properties/bugs turns these again`);

describe("turned targets of charts", () => {
  it("[BU5] there is one for each target and each other state, with a name of its own", () => {
    expect(ids.size).toBe(chartMutants.length);
    expect(chartMutants.length).toBeGreaterThan(200);
  });

  it("[BU5] a handful is turned each day, and all that are quick to catch in the end", () => {
    const days = Array.from({ length: Math.ceil(quick.length / handful) }, (_, day) => day);
    const turned = days.map((day) => handfulOf(quick, handful, day));
    const idsOf = (mutants: typeof quick) => mutants.map(({ id }) => id).toSorted();
    expect(idsOf(turned.flat())).toEqual(idsOf(quick));
    expect(Math.max(...turned.map(({ length }) => length))).toBe(handful);
    expect(Math.min(...turned.map(({ length }) => length))).toBeGreaterThan(0);
    expect(hunted.length).toBeGreaterThan(0);
  });

  it("[BU6] those that are slow to catch exist, and are few", () => {
    expect([...slowTargets].filter((id) => !ids.has(id))).toEqual([]);
    expect(slowTargets.size).toBeLessThan(chartMutants.length / 4);
  });

  it.each(hunted.map((one) => [one.id, one] as const))("[BU5] %s is caught", async (_, mutant) => {
    const hunt = { seed: ordinary.seed, worlds: quickWorlds, seconds: 45 };
    const { by } = await huntWithLaws(mutant, hunt);
    expect(by, `SHADOWFOLD_TARGETS=${chartMutants.indexOf(mutant)}`).toBeDefined();
  });
});
