import type { Command } from "commander";
import type { Comparison } from "../../qemu/trace/compare.ts";
import { compareSequences, countsByKind } from "../../qemu/trace/compare.ts";
import { checkJointly } from "../../qemu/trace/joint-check.ts";
import { descriptorText } from "../../qemu/trace/reach.ts";
import type { Sequence } from "../../qemu/trace/sequence.ts";
import { sequenceOf } from "../../qemu/trace/sequence.ts";
import type { Trace } from "../../qemu/trace/trace.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { ComparisonReport } from "../render/trace.ts";
import { renderComparison } from "../render/trace.ts";
import type { Run } from "../run.ts";
import { readTraceFile } from "../trace-source.ts";

interface Options {
  readonly json?: true;
  readonly overlap?: true;
}

interface Read {
  readonly trace: Trace;
  readonly sequence: Sequence;
}

async function read(run: Run, file: string): Promise<Read> {
  const { trace, failure } = await readTraceFile(file, run.terminal);
  if (failure !== undefined) run.fail(failure);
  return { trace, sequence: sequenceOf(trace.observations) };
}

/** One invalidation as the list has it. */
interface Listed {
  readonly line: number;
  /** Missing for a ring entry that the unit does not log. */
  readonly descriptor?: string;
  readonly text: string;
  readonly via?: "queue" | "register";
  readonly unit?: string;
  readonly context?: string;
}

const entriesOf = ({ entries }: Sequence): readonly Listed[] =>
  entries.map((entry) => {
    const { line } = entry;
    if (entry.kind === "unlogged") return { line, text: "ring entry that the unit does not log" };
    const { words, upper, via, unit, context } = entry;
    return {
      line,
      descriptor: `0x${((upper << 128n) | words).toString(16)}`,
      text: descriptorText(words),
      via,
      ...(unit === "" ? {} : { unit }),
      ...(context === "" ? {} : { context }),
    };
  });

async function list(run: Run, file: string, options: Options): Promise<void> {
  const { trace, sequence } = await read(run, file);
  const { format, lines, unparsed } = trace;
  const entries = entriesOf(sequence);
  if (options.json) {
    const invalidations = countsByKind(sequence);
    run.terminal.out(
      renderJson({ file, format, lines, unparsed, invalidations, sequence: entries }),
    );
    return;
  }
  const { dim } = run.terminal.colours;
  for (const { line, text, via, unit, context } of entries) {
    const where = [via === "register" ? "by register" : "", unit ?? "", context ?? ""];
    const from = where.filter((part) => part !== "").join(", ");
    const end = from === "" ? "" : dim(`  (${from})`);
    run.terminal.out(`${line.toString().padStart(8)}  ${text}${end}\n`);
  }
  if (unparsed.count === 0) return;
  const { line } = unparsed.first[0] ?? { line: 0 };
  const count = unparsed.count.toString();
  run.terminal.err(
    `${file}: ${count} lines were not understood, the first is ${line.toString()}\n`,
  );
}

/** What a driver's trace and a unit's show together; nothing for two of one kind. */
function jointFindings(first: Trace, second: Trace, pairs: Comparison["pairs"]) {
  if (first.format === second.format) return [];
  const [driver, unit] = first.format === "linux" ? [first, second] : [second, first];
  const turned = pairs.map(([a, b]) => [b, a] as const);
  return checkJointly({
    driver: driver.observations,
    unit: unit.observations,
    pairs: driver === first ? pairs : turned,
  });
}

async function compare(
  run: Run,
  files: readonly [string, string],
  options: Options,
): Promise<void> {
  const first = await read(run, files[0]);
  const second = await read(run, files[1]);
  const whole = compareSequences(first.sequence, second.sequence);
  const differences = options.overlap
    ? whole.differences.filter(({ outside }) => !outside)
    : whole.differences;
  const { counts, common, given, pairs } = whole;
  const report: ComparisonReport = {
    files,
    invalidations: [countsByKind(first.sequence), countsByKind(second.sequence)],
    ...{ counts, common, differences, given },
    findings: jointFindings(first.trace, second.trace, pairs),
  };
  run.terminal.out(options.json ? renderJson(report) : renderComparison(run.terminal, report));
  if (differences.length > 0 || report.findings.length > 0) run.differ();
}

async function trace(run: Run, files: readonly string[], options: Options): Promise<void> {
  const [first, second, third] = files;
  if (third !== undefined) throw new InputError("trace takes one file, or two to compare");
  if (first === undefined) return;
  if (second !== undefined) await compare(run, [first, second], options);
  else await list(run, first, options);
}

/** Adds `trace FILE [FILE2]`. */
export function addTrace(program: Command, run: Run): void {
  program
    .command("trace")
    .summary("list the invalidations of a trace, or compare those of two")
    .description(
      "Lists the invalidations of a QEMU vtd_* log or a Linux trace of intel_iommu:* and " +
        "iommu:*. Of two traces of one boot it compares them one by one, waits left out, and " +
        "says which is missing where; replay judges a trace by itself. Exit code 0: all is the " +
        "same; 1: an invalidation is in one trace alone; 2: a file cannot be read to its end.",
    )
    .argument("<files...>", "one trace or two, gzipped or not; - is standard input")
    .option("--overlap", "leave out what lies before the first or after the last common one")
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold trace vtd.log\n  shadowfold trace vtd.log linux-trace.txt" +
        "\n  shadowfold replay linux-trace.txt",
    )
    .action((files: string[], options: Options) => trace(run, files, options));
}
