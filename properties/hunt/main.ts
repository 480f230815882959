import { stderr, stdout } from "node:process";
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { bugs } from "../bugs/all.ts";
import type { Bug } from "../bugs/bug.ts";
import { chartMutants } from "../bugs/chart-mutants.ts";
import { ordinary } from "../laws/ordinary.ts";
import type { MutantHunt } from "./chart-hunt.ts";
import { huntCharts } from "./chart-hunt.ts";
import type { Catch } from "./chase.ts";
import { chaseMutant } from "./chase-mutant.ts";
import { huntFacts } from "./event-report.ts";
import { seeding } from "./mutant.ts";

interface Options {
  readonly bug?: readonly string[];
  /** Part of the names of the mutants that are hunted. */
  readonly charts?: string | true;
  /** Part of the names of the facts and registers that are turned. */
  readonly facts?: string | true;
  readonly json?: boolean;
  readonly seed?: number;
  readonly seconds?: number;
  readonly worlds?: number;
}

interface BugHunt {
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

async function hunt(bug: Bug, { seed = 1, seconds = 60, worlds }: Options): Promise<BugHunt> {
  const limit = worlds === undefined ? {} : { runs: worlds };
  const how = {
    seed,
    seconds,
    suspects: [bug.law],
    worlds: bug.worlds,
    shrinking: Math.min(5, seconds),
    ...limit,
  };
  return { bug, caught: await chaseMutant(seeding(bug), how) };
}

function printTable(outcomes: readonly BugHunt[]): void {
  const head = ["bug", "what is wrong", "caught by", "runs", "seconds", "inputs", "shrunk"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { bug, caught } of outcomes) {
    const { law, runs, seconds, inputs, shrunk } = caught ?? {};
    const numbers = [runs ?? "-", seconds?.toFixed(1) ?? "-", inputs ?? "-", shrunk ?? "-"];
    table.push([bug.id, bug.what, law ?? "nothing", ...numbers]);
  }
  stdout.write(`${table.toString()}\n`);
}

const rowOf = ({ bug, caught }: BugHunt): object => ({
  bug: bug.id,
  what: bug.what,
  expected: bug.law,
  caught: caught !== undefined,
  ...caught,
});

/** Chases every bug that is wanted, one after the other. @returns whether all were caught. */
async function huntBugs(options: Options): Promise<boolean> {
  const wanted = bugs.filter(({ id }) => options.bug?.includes(id) ?? true);
  const outcomes: BugHunt[] = [];
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

function printCharts(outcomes: readonly MutantHunt[]): void {
  const head = ["turned target", "caught by", "seconds"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { mutant, by = "nothing", text, seconds } of outcomes) {
    table.push([mutant.id, by === "example" ? text : by, seconds.toFixed(1)]);
  }
  stdout.write(`${table.toString()}\n`);
}

/**
 * Turns every target of every chart that is wanted, as an ordinary run of the tests would meet it.
 *
 * @returns whether all were caught.
 */
async function huntTargets({ charts, seed, seconds = 120, json }: Options): Promise<boolean> {
  const wanted = chartMutants.filter(({ id }) => charts === true || id.includes(charts ?? ""));
  const { worlds } = ordinary;
  const outcomes = await huntCharts(wanted, { seed: seed ?? ordinary.seed, worlds, seconds });
  const rows = outcomes.map(({ mutant, ...rest }) => ({ target: mutant.id, ...rest }));
  if (json === true) stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else printCharts(outcomes);
  return outcomes.every(({ by }) => by !== undefined);
}

const options = new Command("hunt")
  .description("Puts known mistakes into the model, one at a time, and lets the laws catch them.")
  .option("--bug <id>", "hunt this bug alone; may be given several times", oneOfTheBugs)
  .option("--charts [text]", "turn each target of each chart instead, or those with this text")
  .option(
    "--facts [text]",
    "turn each fact and field of a register instead, or those with this text",
  )
  .option(
    "--seed <number>",
    "which random worlds: 1, or those of the tests for charts",
    wholeNumber,
  )
  .option("--seconds <number>", "how long to look for each: 60, or 120 for charts", wholeNumber)
  .option("--worlds <number>", "in how many worlds to look for each, at most", wholeNumber)
  .option("--json", "print the result as JSON")
  .parse()
  .opts<Options>();

const hunts =
  options.facts !== undefined ? huntFacts : options.charts !== undefined ? huntTargets : huntBugs;
const isCaught = await hunts(options);
process.exitCode = isCaught ? 0 : 1;
