import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import type { Input } from "../../events/input.ts";
import { unitProfiles } from "../../qemu/unit-options.ts";
import { campaign } from "../../target/campaign.ts";
import { holdInterrupt } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { Tally } from "../../target/tally.ts";
import { parseCount, parseNumber, parseSeconds } from "../argument.ts";
import { fileError, InputError } from "../input-error.ts";
import { checkOutput } from "../output-prefix.ts";
import { fuzzJson, progressText, renderFuzz } from "../render/fuzz.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";
import { startStatus } from "../status-line.ts";
import { inputsOf } from "./fuzz-log.ts";
import { reportFinding } from "./fuzz-report.ts";
import { playFile } from "./fuzz-script.ts";
import type { Against, AgainstOptions } from "./fuzz-target.ts";
import { givenProfiles, parsePassed, targetOf } from "./fuzz-target.ts";

interface Options extends AgainstOptions {
  readonly runs?: number;
  readonly seed?: number;
  readonly first?: number;
  readonly time?: number;
  readonly out: string;
  readonly script?: string;
  readonly log?: string;
  readonly json?: true;
}

/** Programs that are run when neither a number nor a time is asked for. */
const usualRuns = 1000;

async function fuzz(run: Run, options: Options): Promise<void> {
  if (options.script !== undefined) {
    await playFile(run, readScript(options.script), options);
    return;
  }
  checkOutput(options.out);
  const against = await targetOf(options);
  const own = options.log === undefined ? undefined : await inputsOf(options.log);
  if (own?.length === 0) {
    run.terminal.err(`${options.log ?? ""}: has no inputs: there is nothing to compare\n`);
    run.learnNothing();
    return;
  }
  const stop = new AbortController();
  const release = holdInterrupt(() => stop.abort());
  try {
    await compareWith(run, options, { against, own, stop: stop.signal });
  } finally {
    release();
  }
}

/** Says the seed of random programs once the first has run, for whoever ends all by force. */
function announcer({ terminal }: Run, { seed: wanted }: Options, seed: number): () => void {
  let isSaid = wanted !== undefined;
  return () => {
    if (!isSaid) terminal.err(`seed ${seed.toString()}\n`);
    isSaid = true;
  };
}

/** What is run, and what ends it early. */
interface Comparing {
  readonly against: Against;
  /** What is run instead of random programs. */
  readonly own: readonly Input[] | undefined;
  readonly stop: AbortSignal;
}

/** Runs programs on a target and the model, and reports what that comes to. */
async function compareWith(run: Run, options: Options, comparing: Comparing): Promise<void> {
  const { against, own, stop } = comparing;
  const { target, profile } = against;
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const runs = options.runs ?? (options.time === undefined ? usualRuns : Number.MAX_SAFE_INTEGER);
  const seconds = options.time ?? Number.MAX_SAFE_INTEGER;
  const announce = own === undefined ? announcer(run, options, seed) : () => undefined;
  const status = startStatus(run.terminal);
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  status.say(`starting ${target.name}`);
  const watch = (tally: Tally): void => {
    announce();
    status.say(progressText(tally, elapsed()));
  };
  const { lanes } = target;
  const { first = 0 } = options;
  const asked = { ...against, seed, first, runs, seconds, lanes, watch, stop };
  const program = own === undefined ? {} : { own, lanes: 1 };
  const { tally, finding, title, notAvoided } = await campaign({ ...asked, ...program }).finally(
    status.done,
  );
  const took = elapsed();
  const reported = finding && (await reportFinding(run, finding, against, { ...options, stop }));
  const isStopped = stop.aborted;
  const source = own === undefined ? { seed } : { log: { file: options.log, inputs: own.length } };
  const about = { seconds: took, isStopped, notAvoided };
  const named = title === undefined ? {} : { name: title };
  const result = { target: target.name, ...named, profile, ...source, ...about };
  const text = renderFuzz(run.terminal, result, tally, reported, against.listed);
  run.terminal.out(options.json ? renderJson(fuzzJson(result, tally, reported)) : text);
  if (finding !== undefined) run.differ();
  if (isStopped) run.interrupt();
  if (reported?.unsaved !== undefined) run.fail(reported.unsaved);
}

function readScript(file: string): { readonly file: string; readonly text: string } {
  try {
    return { file, text: readFileSync(file, "utf8") };
  } catch (error) {
    throw fileError(file, error);
  }
}

/** Adds what is run, against what, and how long. */
const withCampaignOptions = (command: Command): Command =>
  command
    .option(
      "--against <target>",
      "qemu, qtest:COMMAND (docs/qemu.md), stdio:COMMAND or module:PATH " +
        "(docs/check-your-viommu.md)",
      "qemu",
    )
    .option(
      "--timeout <time>",
      "how long a stdio or module target may be silent (default: 5s)",
      parseSeconds,
    )
    .option(
      "--runs <n>",
      `programs to run (default: ${usualRuns.toString()}, a minute or more)`,
      (text: string) => parseCount(text),
    )
    .option("--time <time>", "how long to run, like 60s or 5m", parseSeconds)
    .option("--seed <n>", "which programs; the same ones for the same seed", parseNumber)
    .option("--first <n>", "the program of the seed to begin with (default: 0)", parseNumber)
    .option(
      "--profile <name>",
      `what the unit is to be able to do: of QEMU ${unitProfiles.join(", ")} ` +
        "(default: legacy); of stdio and module " +
        `${givenProfiles} (default: its own)`,
    )
    .option("--qemu <path>", "the QEMU to run (default: qemu-system-x86_64 on PATH)")
    .option(
      "--deviations <version>",
      "pass by what this version of QEMU is known for, or none (default: of the QEMU that runs); " +
        "of stdio and module, what a module exports",
      parsePassed,
    )
    .option(
      "--out <prefix>",
      "where a counterexample is saved; one that is there stays",
      "counterexample",
    );

/** Adds `fuzz`. */
export function addFuzz(program: Command, run: Run): void {
  const command = program
    .command("fuzz")
    .summary("run random guests in QEMU, or in your vIOMMU, and in the model, and compare")
    .description(
      "Runs random programs of register accesses, tables, DMA and interrupts in QEMU, or in an " +
        "implementation of yours, and in the model, and compares registers, faults, DMA, memory " +
        "and interrupts after every step. Exit code 0: nothing that is not explained; 1: a " +
        "counterexample, which is shrunk and saved as a log and as what to send, also where " +
        "Ctrl-C ended the run; 2: the target cannot be run, or a counterexample not saved; 130: " +
        "ended early by Ctrl-C, with none.",
    );
  withCampaignOptions(command)
    .addOption(
      new Option(
        "--log <file>",
        "run what a log has in it instead, such as a counterexample's",
      ).conflicts("script"),
    )
    .option("--script <file>", "play a saved qtest script against QEMU alone instead")
    .addOption(new Option("--without <id>", "report a known deviation").hideHelp())
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold fuzz --against qemu --time 60s\n" +
        "  shadowfold fuzz --against stdio:./my-viommu --runs 300",
    )
    .action(async (options: Options) => {
      try {
        await fuzz(run, options);
      } catch (error) {
        if (error instanceof ProgramError) throw new InputError(error.message);
        throw error;
      }
    });
}
