import type { Command } from "commander";
import { stateHash } from "../../projections/digest.ts";
import { judge } from "../../properties/judge.ts";
import type { Violation } from "../../properties/verdict.ts";
import { foldSource } from "../folding.ts";
import type { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";
import { renderJson } from "../render/json.ts";
import type { Disagreement, ReplayReport, Tally } from "../render/replay.ts";
import { renderReplay } from "../render/replay.ts";
import type { Run } from "../run.ts";

interface Options {
  readonly json?: true;
}

const noTally = (): { -readonly [K in keyof Tally]: number } => ({
  agree: 0,
  disagree: 0,
  unjudged: 0,
});

/** Folds one file, judges each step, and says what came of it. */
async function replayFile(
  run: Run,
  file: string,
): Promise<{ report: ReplayReport; failure: InputError | undefined }> {
  const source = await openSource(file);
  const tallies = { dma: noTally(), faults: noTally(), interrupts: noTally() };
  const violations: Violation[] = [];
  const unjudged: Record<string, number> = {};
  const disagreements: Disagreement[] = [];
  let refused = 0;
  const start = performance.now();
  const folded = await foldSource(source, run.terminal, {
    step: (step, line) => {
      if (step.facts.some((fact) => fact.type === "InputRefused")) refused += 1;
      const { kind, verdict, violations: broken } = judge(step);
      if (kind === undefined) return;
      tallies[kind][verdict.verdict] += 1;
      violations.push(...broken);
      if (verdict.verdict === "unjudged") {
        const reason = `${kind}: ${verdict.text}`;
        unjudged[reason] = (unjudged[reason] ?? 0) + 1;
      }
      if (verdict.verdict !== "disagree") return;
      disagreements.push({ seq: step.seq, line, text: verdict.text });
    },
  });
  const seconds = Math.max(1e-6, (performance.now() - start) / 1000);
  const { inputs, facts, failure, world } = folded;
  const report: ReplayReport = {
    file,
    inputs,
    facts,
    refused,
    ...tallies,
    unjudged,
    violations,
    disagreements,
    inputsPerSecond: Math.round(inputs / seconds),
    stateHash: stateHash(world),
    ...(failure === undefined ? {} : { error: failure.message }),
  };
  return { report, failure };
}

const isClean = ({ violations, disagreements }: ReplayReport): boolean =>
  violations.length === 0 && disagreements.length === 0;

/** Reports one file as an object, several as an array. */
async function replay(run: Run, files: readonly string[], options: Options): Promise<void> {
  const reports: ReplayReport[] = [];
  const failures: InputError[] = [];
  for (const file of files) {
    try {
      const { report, failure } = await replayFile(run, file);
      reports.push(report);
      if (failure !== undefined) failures.push(failure);
    } catch (error) {
      failures.push(run.asInputError(error));
    }
  }
  const [first] = reports;
  if (options.json) run.terminal.out(renderJson(files.length === 1 && first ? first : reports));
  else if (reports.length > 0) run.terminal.out(renderReplay(run.terminal, reports));
  for (const failure of failures) run.fail(failure);
  if (!reports.every(isClean)) run.differ();
}

/** Adds `replay FILE...`. */
export function addReplay(program: Command, run: Run): void {
  program
    .command("replay")
    .summary("fold files and compare with what was recorded")
    .description(
      "Folds logs or recordings, compares every DMA, fault and interrupt with the answer " +
        "recorded beside it, and checks the laws that they show. Exit code 0: all agrees; 1: " +
        "something differs or a law is violated; 2: a file cannot be read to its end.",
    )
    .argument("<files...>", "logs or recordings, gzipped or not; - is standard input")
    .option("--json", "print one object, or an array for several files")
    .addHelpText("after", "\nExample:\n  shadowfold replay recordings/linux-vfio-edu.jsonl.gz")
    .action((files: string[], options: Options) => replay(run, files, options));
}
