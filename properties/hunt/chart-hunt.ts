import { stderr } from "node:process";
import type { ChartMutant } from "../bugs/chart-mutants.ts";
import { laws } from "../laws/all.ts";
import { chaseMutant } from "./chase-mutant.ts";
import { failingExample } from "./example-tests.ts";
import { turning } from "./mutant.ts";

/** What a hunt for one mutant of a chart came to. */
export interface MutantHunt {
  readonly mutant: ChartMutant;
  /** A law or a test; `undefined` when nothing noticed. */
  readonly by: string | undefined;
  readonly text: string;
  readonly seconds: number;
}

/** Laws that take more than half of the time; one world in eight is held to them too. */
const slow: ReadonlySet<string> = new Set(["SH1", "SV1", "LO1", "LO3", "IR1", "RG1"]);

const suspects = laws.map(({ id }) => id).filter((id) => !slow.has(id));

/** Hunts a mutant with the laws over generated worlds. */
export async function huntWithLaws(
  mutant: ChartMutant,
  seed: number,
  seconds: number,
): Promise<MutantHunt> {
  const how = { seed, seconds, suspects, shrinking: 0, turned: mutant };
  const caught = await chaseMutant(turning(mutant), how);
  return { mutant, by: caught?.law, text: caught?.text ?? "", seconds: caught?.seconds ?? seconds };
}

/** Hunts a mutant with the laws, and with the examples where no law notices. */
async function huntOne(mutant: ChartMutant, seed: number, seconds: number): Promise<MutantHunt> {
  const outcome = await huntWithLaws(mutant, seed, seconds);
  if (outcome.by !== undefined) return outcome;
  const failure = await failingExample(mutant);
  if (failure === undefined) return outcome;
  return { mutant, by: "example", text: failure.test, seconds: failure.seconds };
}

/** Hunts some mutants, one after the other, and tells of each as it goes. */
export async function huntCharts(
  mutants: readonly ChartMutant[],
  { seed, seconds }: { readonly seed: number; readonly seconds: number },
): Promise<readonly MutantHunt[]> {
  const outcomes: MutantHunt[] = [];
  for (const [index, mutant] of mutants.entries()) {
    stderr.write(`${index + 1}/${mutants.length} ${mutant.id} … `);
    const outcome = await huntOne(mutant, seed, seconds);
    const { by = "not caught", text, seconds: taken } = outcome;
    const test = by === "example" ? `: ${text}` : "";
    stderr.write(`${by}${test}, ${taken.toFixed(1)} s\n`);
    outcomes.push(outcome);
  }
  return outcomes;
}
