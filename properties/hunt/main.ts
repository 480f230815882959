import { stderr, stdout } from "node:process";
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { bugs } from "../bugs/all.ts";
import type { Bug } from "../bugs/bug.ts";
import type { Catch, chase } from "./chase.ts";
import { importMutant } from "./mutant.ts";

interface Options {
  readonly bug?: readonly string[];
  readonly json?: boolean;
  readonly seed: number;
  readonly seconds: number;
}

interface Outcome {
  readonly bug: Bug;
  readonly caught: Catch | undefined;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("Not a number.");
  return value;
}

function oneOfTheBugs(id: string, before: readonly string[] = []): readonly string[] {
  if (bugs.some((bug) => bug.id === id)) return [...before, id];
  throw new InvalidArgumentError("There is no such bug.");
}

async function hunt(bug: Bug, { seed, seconds }: Options): Promise<Outcome> {
  const mutant = (await importMutant("properties/hunt/chase.ts", bug)) as { chase: typeof chase };
  return { bug, caught: mutant.chase({ seed, seconds, suspect: bug.law }) };
}

function printTable(outcomes: readonly Outcome[]): void {
  const head = ["bug", "what is wrong", "caught by", "runs", "seconds", "inputs", "shrunk"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { bug, caught } of outcomes) {
    const { law, runs, seconds, inputs, shrunk } = caught ?? {};
    const numbers = [runs ?? "-", seconds?.toFixed(1) ?? "-", inputs ?? "-", shrunk ?? "-"];
    table.push([bug.id, bug.what, law ?? "nothing", ...numbers]);
  }
  stdout.write(`${table.toString()}\n`);
}

const rowOf = ({ bug, caught }: Outcome): object => ({
  bug: bug.id,
  what: bug.what,
  expected: bug.law,
  caught: caught !== undefined,
  ...caught,
});

/** Chases every bug that is wanted, one after the other. @returns whether all were caught. */
async function main(options: Options): Promise<boolean> {
  const wanted = bugs.filter(({ id }) => options.bug?.includes(id) ?? true);
  const outcomes: Outcome[] = [];
  for (const [index, bug] of wanted.entries()) {
    stderr.write(`${index + 1}/${wanted.length} ${bug.id} … `);
    const outcome = await hunt(bug, options);
    const { law, runs = 0, seconds = 0 } = outcome.caught ?? {};
    const text =
      law === undefined ? "not caught" : `${law} in ${runs} runs, ${seconds.toFixed(1)} s`;
    stderr.write(`${text}\n`);
    outcomes.push(outcome);
  }
  if (options.json === true) stdout.write(`${JSON.stringify(outcomes.map(rowOf), null, 2)}\n`);
  else printTable(outcomes);
  return outcomes.every(({ caught }) => caught !== undefined);
}

const program = new Command("hunt")
  .description("Puts known mistakes into the model, one at a time, and lets the laws catch them.")
  .option("--bug <id>", "hunt this bug alone; may be given several times", oneOfTheBugs)
  .option("--seed <number>", "which random worlds are tried", wholeNumber, 1)
  .option("--seconds <number>", "how long to look for each bug", wholeNumber, 60)
  .option("--json", "print the result as JSON")
  .parse();

process.exitCode = (await main(program.opts<Options>())) ? 0 : 1;
