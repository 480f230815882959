import { stderr } from "node:process";
import type { ChartMutant } from "../bugs/chart-mutants.ts";
import { laws } from "../laws/all.ts";
import { chaseMutant } from "./chase-mutant.ts";
import { failingExample } from "./example-tests.ts";
import { turning } from "./mutant.ts";

/** What a hunt for one mutant of a chart came to. */
export interface MutantHunt {
  readonly mutant: ChartMutant;
  /** A law, or `example`; `undefined` when nothing noticed. */
  readonly by: string | undefined;
  /** The violation, or the name of the test. */
  readonly text: string;
  /** Random worlds that were tried, where a law noticed. */
  readonly worlds: number | undefined;
  readonly seconds: number;
}

/** Which random worlds a mutant is hunted in, and how long at most. */
export interface ChartHunt {
  readonly seed: number;
  readonly worlds: number;
  readonly seconds: number;
}

/** Laws that take more than half of the time come last. */
const slow = ["SH1", "SV1", "LO1", "LO3", "IR1", "RG1"];

const ids = laws.map(({ id }) => id);
const inOrder = [...ids.filter((id) => !slow.includes(id)), ...slow];

/** Hunts a mutant with the laws. */
export async function huntWithLaws(
  mutant: ChartMutant,
  { seed, worlds, seconds }: ChartHunt,
): Promise<MutantHunt> {
  const how = { seed, runs: worlds, seconds, suspects: inOrder, shrinking: 0, turned: mutant };
  const caught = await chaseMutant(turning(mutant), how);
  const { law: by, text = "", runs, seconds: taken = seconds } = caught ?? {};
  return { mutant, by, text, worlds: runs, seconds: taken };
}

/** So many worlds show most mutants, and take less time than the examples. */
export const quickWorlds = 60;

/** Hunts a mutant with the laws over some worlds, then with the examples, then over all worlds. */
async function huntOne(mutant: ChartMutant, hunt: ChartHunt): Promise<MutantHunt> {
  const quick = await huntWithLaws(mutant, { ...hunt, worlds: quickWorlds });
  if (quick.by !== undefined) return quick;
  const failure = await failingExample(mutant);
  if (failure === undefined) return huntWithLaws(mutant, hunt);
  return { ...quick, by: "example", text: failure.test, seconds: failure.seconds };
}

/** Hunts some mutants, one after the other, and tells of each as it goes. */
export async function huntCharts(
  mutants: readonly ChartMutant[],
  hunt: ChartHunt,
): Promise<readonly MutantHunt[]> {
  const outcomes: MutantHunt[] = [];
  for (const [index, mutant] of mutants.entries()) {
    stderr.write(`${index + 1}/${mutants.length} ${mutant.id} … `);
    const outcome = await huntOne(mutant, hunt);
    const { by = "not caught", text, worlds, seconds } = outcome;
    const where =
      by === "example" ? `: ${text}` : worlds === undefined ? "" : ` in ${worlds} worlds`;
    stderr.write(`${by}${where}, ${seconds.toFixed(1)} s\n`);
    outcomes.push(outcome);
  }
  return outcomes;
}
