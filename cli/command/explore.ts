import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { configurations } from "../../explore/configurations.ts";
import type { Configuration } from "../../explore/engine/configuration.ts";
import type { Bounds, Outcome, Progress } from "../../explore/engine/search.ts";
import { pacedSearch } from "../../explore/engine/search.ts";
import { searchWithThreads } from "../../explore/engine/threads.ts";
import { findingOf } from "../../explore/story/finding.ts";
import { holdInterrupt } from "../../target/process.ts";
import { parseNumber } from "../argument.ts";
import { InputError } from "../input-error.ts";
import { checkOutput, freePrefix } from "../output-prefix.ts";
import {
  exploreJson,
  progressText,
  renderConfigurations,
  renderExplore,
  renderTransitions,
} from "../render/explore.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import { saveTexts } from "../save-texts.ts";
import { startStatus } from "../status-line.ts";

interface Options {
  readonly configuration: string;
  readonly list?: true;
  readonly states: number;
  readonly depth?: number;
  readonly threads: number;
  readonly symmetry: boolean;
  readonly charts?: true;
  readonly out: string;
  readonly json?: true;
}

const usualStates = 200_000;
/** Beyond that the numbers of states do not fit. */
const mostStates = 200_000_000;
const mostThreads = 64;

function parseStates(text: string): number {
  const states = parseNumber(text);
  if (states === 0 || states > mostStates) {
    throw new InvalidArgumentError("Expected 1 to 200000000.");
  }
  return states;
}

function parseThreads(text: string): number {
  const threads = parseNumber(text);
  if (threads === 0 || threads > mostThreads) throw new InvalidArgumentError("Expected 1 to 64.");
  return threads;
}

function parseConfiguration(text: string): string {
  if (configurations.some(({ name }) => name === text)) return text;
  const names = configurations.map(({ name }) => name).join(", ");
  throw new InvalidArgumentError(`Expected one of ${names}.`);
}

/** Looks at all states, with threads if there are to be several. */
async function searched(
  configuration: Configuration,
  bounds: Bounds,
  count: number,
  watch: (progress: Progress) => boolean,
): Promise<Outcome> {
  if (count > 1) {
    const threads = { count, file: new URL(import.meta.url) };
    return searchWithThreads(configuration, bounds, threads, watch);
  }
  const paces = pacedSearch(configuration, bounds);
  let pace = paces.next();
  while (pace.done !== true) {
    // Signals are heard between two batches alone.
    await new Promise((resolve) => setImmediate(resolve));
    pace = paces.next(watch(pace.value));
  }
  return pace.value;
}

async function explore(run: Run, options: Options): Promise<void> {
  const configuration = configurations.find(({ name }) => name === options.configuration);
  if (configuration === undefined) throw new InputError("there is no such configuration");
  checkOutput(options.out);
  const { states, depth, symmetry: symmetric } = options;
  const bounds = { states, depth: depth ?? Number.MAX_SAFE_INTEGER, symmetric };
  const status = startStatus(run.terminal);
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const stop = new AbortController();
  const release = holdInterrupt(() => stop.abort());
  const watch = (progress: Progress): boolean => {
    status.say(progressText(progress, elapsed()));
    return !stop.signal.aborted;
  };
  const outcome = await searched(configuration, bounds, options.threads, watch)
    .finally(status.done)
    .finally(release);
  const seconds = elapsed();
  const finding = findingOf(outcome);
  const wanted = finding && `${freePrefix(options.out, ["ndjson"])}.ndjson`;
  const unsaved = wanted === undefined ? undefined : saveTexts({ [wanted]: finding?.log ?? "" });
  const file = unsaved === undefined ? wanted : undefined;
  const report = { outcome, bounds: { states, depth }, seconds, finding, file };
  const { terminal } = run;
  const more = options.charts ? `\n${renderTransitions(terminal, outcome)}\n` : "";
  const text = `${renderExplore(terminal, report)}${more}`;
  terminal.out(options.json ? renderJson(exploreJson(report)) : text);
  if (unsaved !== undefined) run.fail(unsaved);
  if (finding !== undefined) run.differ();
  else if (outcome.ending === "stopped") run.interrupt();
  else if (outcome.ending !== "complete") run.learnNothing();
}

function list(run: Run, json: boolean): void {
  const rows = configurations.map(({ name, question, laws }) => ({ name, question, laws }));
  run.terminal.out(json ? renderJson(rows) : renderConfigurations(run.terminal, configurations));
}

/** Adds `explore`. */
export function addExplore(program: Command, run: Run): void {
  program
    .command("explore")
    .summary("look at every state of a small world, whatever happens in whatever order")
    .description(
      "Looks at every state that a small configuration of driver, host, devices and unit can " +
        "reach, each once, nearest first, and asks its question and laws of every move. Exit " +
        "code 0: there is no other state and nothing is wrong; 1: a counterexample, which is a " +
        "shortest one and is saved as a log; 3: a bound was reached and nothing was wrong so " +
        "far; 2: bad usage; 130: ended early by Ctrl-C.",
    )
    .option(
      "--configuration <name>",
      `${configurations.map(({ name }) => name).join(", ")}`,
      parseConfiguration,
      "revoke",
    )
    .option("--list", "print the configurations and their questions instead")
    .option(
      "--states <n>",
      "states at most; 17 to 37 bytes each are kept",
      parseStates,
      usualStates,
    )
    .option("--depth <n>", "moves from the first state at most", parseNumber)
    .option("--threads <n>", "threads that look at states", parseThreads, 1)
    .option("--no-symmetry", "do not take like devices, domains and pages for each other")
    .option("--charts", "list each transition of each chart, with how often it was taken")
    .option(
      "--out <prefix>",
      "where a counterexample is saved; one that is there stays",
      "counterexample",
    )
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold explore --configuration faults\n" +
        "  shadowfold explore --configuration revoke-large --states 5000000 --threads 2 --json",
    )
    .action(async (options: Options) => {
      if (options.list) list(run, options.json === true);
      else await explore(run, options);
    });
}
