import fc from "fast-check";
import { createWorld } from "../hypervisor/create-world.ts";
import { fold } from "../hypervisor/fold.ts";
import { againOf } from "../properties/laws/again.ts";
import { laws } from "../properties/laws/all.ts";
import { sightOf } from "../properties/laws/probes.ts";
import type { Run } from "../properties/laws/run.ts";
import { momentsOf, runOf } from "../properties/laws/run.ts";
import type { Program } from "../properties/world/program.ts";
import { anyProgram } from "../properties/world/program.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { cpuMilliseconds, keep } from "./measure.ts";

/** By name, how long something took in all. */
type Costs = Map<string, number>;

function add(costs: Costs, name: string, run: () => unknown): void {
  const start = cpuMilliseconds();
  keep(run());
  costs.set(name, (costs.get(name) ?? 0) + cpuMilliseconds() - start);
}

/** What laws share, each made once for a run by the first that asks. */
const shared: readonly (readonly [string, (run: Run) => unknown])[] = [
  ["the projection of every fact", momentsOf],
  ["the oracle's look", sightOf],
  ["the second fold", againOf],
];

const folded = "fold";

/** Folds a program, folds it for the laws, and asks each of them; the last is not counted. */
function judge(costs: Costs, program: Program): void {
  add(costs, folded, () => {
    let world = createWorld(program.setup);
    for (const input of program.inputs) world = fold(world, input).world;
  });
  const run = runOf(program);
  for (const [name, make] of shared) add(costs, name, () => make(run));
  for (const { id, check } of laws) add(costs, id, () => check(run, () => {}));
}

/** How many laws have a line of their own. */
const dearest = 12;

/** What all laws over generated worlds cost, in folds of the same worlds, and which cost most. */
export function measureLaws(effort: Effort): readonly Figure[] {
  const group = "laws, in folds of the same worlds";
  const programs = fc.sample(anyProgram, { seed: 6, numRuns: effort.short ? 25 : 300 });
  for (const program of programs.slice(0, 12)) judge(new Map(), program);
  const costs: Costs = new Map();
  for (const program of programs) judge(costs, program);
  const whole = costs.get(folded) ?? Number.NaN;
  costs.delete(folded);
  const all = [...costs].map(([name, cost]) => ({ name, value: cost / whole }));
  const value = all.reduce((sum, one) => sum + one.value, 0);
  const rows = all.toSorted((a, b) => b.value - a.value).slice(0, dearest);
  return [
    { group, name: "all laws", value, unit: "folds", budget: { atMost: 2.5 } },
    ...rows.map((row) => ({ group, ...row, unit: "folds" })),
  ];
}
