import type { Command } from "commander";
import { Option } from "commander";
import type { Profile } from "../../events/profile/profile.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { stateHash } from "../../projections/digest.ts";
import { besideOf, followFlushing, noFlushing } from "../../properties/flushing.ts";
import { judge } from "../../properties/judge.ts";
import type { Violation } from "../../properties/verdict.ts";
import { checkTrace } from "../../qemu/trace/check.ts";
import { foldSource } from "../folding.ts";
import type { InputError } from "../input-error.ts";
import type { Source } from "../read.ts";
import { renderJson } from "../render/json.ts";
import type { Disagreement, ReplayReport, Tally, Unflushed } from "../render/replay.ts";
import { renderReplay } from "../render/replay.ts";
import type { TraceFileReport } from "../render/trace.ts";
import { fileReport, renderTraces } from "../render/trace.ts";
import type { Run } from "../run.ts";
import { openAny, readTrace } from "../trace-source.ts";

interface Options {
  readonly json?: true;
  readonly profile?: keyof typeof profiles;
}

const noTally = (): { -readonly [K in keyof Tally]: number } => ({
  agree: 0,
  disagree: 0,
  unjudged: 0,
});

/** Folds one file, judges each step, and says what came of it. */
async function replaySource(
  run: Run,
  source: Source,
): Promise<{ report: ReplayReport; failure: InputError | undefined }> {
  const { file } = source;
  const tallies = { dma: noTally(), faults: noTally(), interrupts: noTally() };
  const violations: Violation[] = [];
  const unjudged: Record<string, number> = {};
  const disagreements: Disagreement[] = [];
  const unflushed: Unflushed[] = [];
  const told = new Set<string>();
  let flushing = noFlushing;
  let [refused, checked] = [0, 0];
  const start = performance.now();
  const folded = await foldSource(source, run.terminal, {
    step: (step, line) => {
      if (step.facts.some((fact) => fact.type === "InputRefused")) refused += 1;
      const beside = besideOf(flushing, step);
      const judged = judge(step, beside);
      flushing = followFlushing(flushing, step, beside);
      const { kind, verdict, checked: isChecked, violations: broken } = judged;
      if (kind === undefined) return;
      if (isChecked) checked += 1;
      tallies[kind][verdict.verdict] += 1;
      violations.push(...broken);
      // Of requests that rely on the same writes the first is told.
      const { wrote = [], text = "" } = judged.unflushed ?? {};
      if (text !== "" && !told.has(wrote.join())) {
        told.add(wrote.join());
        unflushed.push({ seq: step.seq, line, text });
      }
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
    checked,
    unjudged,
    violations,
    disagreements,
    unflushed,
    inputsPerSecond: Math.round(inputs / seconds),
    stateHash: stateHash(world),
    ...(failure === undefined ? {} : { error: failure.message }),
  };
  return { report, failure };
}

/** What came of one file: a log or a recording was folded, a trace was judged. */
type Report = ReplayReport | TraceFileReport;

const isTrace = (report: Report): report is TraceFileReport => "findings" in report;

const isClean = (report: Report): boolean =>
  isTrace(report)
    ? report.findings.length === 0
    : [report.violations, report.disagreements, report.unflushed].every(
        ({ length }) => length === 0,
      );

const isJudged = ({ agree, disagree }: Omit<Tally, "unjudged">): boolean => agree + disagree > 0;

/** Whether anything at all was judged. */
const isJudgement = (report: Report): boolean =>
  isTrace(report)
    ? isJudged(report.verdicts)
    : report.checked > 0 || [report.dma, report.faults, report.interrupts].some(isJudged);

async function replayFile(
  run: Run,
  file: string,
  profile: Profile | undefined,
): Promise<{ report: Report; failure: InputError | undefined }> {
  const source = await openAny(file);
  if (source.kind !== "trace") return replaySource(run, source);
  const { trace, failure } = await readTrace(source, run.terminal);
  return { report: fileReport(file, checkTrace(trace, profile), failure), failure };
}

function render({ terminal }: Run, reports: readonly Report[]): string {
  const traces = reports.filter(isTrace);
  const folded = reports.filter((report): report is ReplayReport => !isTrace(report));
  const parts = [
    ...(folded.length === 0 ? [] : [renderReplay(terminal, folded)]),
    ...(traces.length === 0 ? [] : [renderTraces(terminal, traces)]),
  ];
  return parts.join("\n");
}

/** Reports one file as an object, several as an array. */
async function replay(run: Run, files: readonly string[], options: Options): Promise<void> {
  const profile = options.profile === undefined ? undefined : profiles[options.profile];
  const reports: Report[] = [];
  const failures: InputError[] = [];
  const unfinished = new Set<Report>();
  for (const file of files) {
    try {
      const { report, failure } = await replayFile(run, file, profile);
      reports.push(report);
      if (failure === undefined) continue;
      failures.push(failure);
      unfinished.add(report);
    } catch (error) {
      failures.push(run.asInputError(error));
    }
  }
  const [first] = reports;
  if (options.json) run.terminal.out(renderJson(files.length === 1 && first ? first : reports));
  else if (reports.length > 0) run.terminal.out(render(run, reports));
  for (const failure of failures) run.fail(failure);
  if (!reports.every(isClean)) run.differ();
  for (const report of reports) {
    // Why a file ended early is said already.
    if (isJudgement(report) || unfinished.has(report)) continue;
    run.terminal.err(`${report.file}: nothing in it could be judged\n`);
    run.learnNothing();
  }
}

/** Adds `replay FILE...`. */
export function addReplay(program: Command, run: Run): void {
  program
    .command("replay")
    .summary("fold files and compare with what was recorded")
    .description(
      "Folds logs or recordings, compares every DMA, fault and interrupt with the answer " +
        "recorded beside it, and checks the laws that they show. A trace, a QEMU vtd_* log or " +
        "Linux's of intel_iommu:* and iommu:*, has no guest memory: what can be judged is. What " +
        "the guest wrote and did not flush the unit may see or not, so that both answers are " +
        "right; a request that relies on it is a finding. Exit " +
        "code 0: all agrees; 1: something differs, a law is violated or there is a finding; 2: a " +
        "file cannot be read to its end, or no line of it is understood; 3: nothing in it could " +
        "be judged.",
    )
    .argument("<files...>", "logs, recordings or traces, gzipped or not; - is standard input")
    .addOption(
      new Option(
        "--profile <name>",
        "of a trace: hold descriptors against what this unit has",
      ).choices(Object.keys(profiles)),
    )
    .option("--json", "print one object, or an array for several files")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold replay recordings/linux-vfio-edu.jsonl.gz" +
        "\n  shadowfold replay vtd.log",
    )
    .action((files: string[], options: Options) => replay(run, files, options));
}
