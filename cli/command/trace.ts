import type { Command } from "commander";
import { printable } from "../../events/printable.ts";
import type { Comparison } from "../../qemu/trace/compare.ts";
import { compareSequences, countsByKind } from "../../qemu/trace/compare.ts";
import { withWholeFaults } from "../../qemu/trace/faults.ts";
import { checkJointly } from "../../qemu/trace/joint-check.ts";
import type { Invalidated } from "../../qemu/trace/observation.ts";
import { descriptorText } from "../../qemu/trace/reach.ts";
import type { Sequence } from "../../qemu/trace/sequence.ts";
import { sequenceOf } from "../../qemu/trace/sequence.ts";
import type { ToldFault } from "../../qemu/trace/told-fault.ts";
import { toldFaults } from "../../qemu/trace/told-fault.ts";
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
  readonly faults: readonly ToldFault[];
}

async function read(run: Run, file: string): Promise<Read> {
  const { trace, failure } = await readTraceFile(file, run.terminal);
  if (failure !== undefined) run.fail(failure);
  const faults = toldFaults(withWholeFaults(trace.observations));
  return { trace, sequence: sequenceOf(trace.observations), faults };
}

/** One invalidation as the list has it. */
interface Listed {
  readonly line: number;
  /** Missing for a ring entry that the unit does not log. */
  readonly descriptor?: string;
  readonly text: string;
  readonly via?: Invalidated["via"];
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

/** Where an invalidation is from, as far as that is told. */
function originOf({ via, unit, context }: Listed): string {
  const where = [via === "register" ? "by register" : "", unit ?? "", context ?? ""];
  return where.filter((part) => part !== "").join(", ");
}

async function list(run: Run, file: string, options: Options): Promise<void> {
  const { trace, sequence, faults } = await read(run, file);
  const { format, lines, understood, unparsed, passedBy } = trace;
  const entries = entriesOf(sequence);
  if (entries.length + faults.length === 0) run.learnNothing();
  if (options.json) {
    const counts = { lines, understood, unparsed, passedBy };
    const invalidations = countsByKind(sequence);
    const listed = { invalidations, sequence: entries, faults };
    run.terminal.out(renderJson({ file, format, ...counts, ...listed }));
    return;
  }
  const { dim, yellow } = run.terminal.colours;
  const rows = [
    ...entries.map((entry) => {
      const from = originOf(entry);
      return { line: entry.line, text: `${entry.text}${from === "" ? "" : dim(`  (${from})`)}` };
    }),
    ...faults.map(({ line, text }) => ({ line, text: yellow(printable(text)) })),
  ];
  for (const { line, text } of rows.toSorted((a, b) => a.line - b.line)) {
    run.terminal.out(`${line.toString().padStart(8)}  ${text}\n`);
  }
  if (rows.length === 0) run.terminal.err(`${file}: there is no invalidation and no fault in it\n`);
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
  if (counts[0] + counts[1] === 0) {
    run.terminal.err(`${files[0]}, ${files[1]}: there is no invalidation in them\n`);
    run.learnNothing();
  }
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
    .summary("list the invalidations and faults of a trace, or compare two")
    .description(
      "Lists the invalidations and the faults of a QEMU vtd_* log, with QEMU's own error " +
        "messages in it, or of a Linux trace of intel_iommu:* and iommu:*; other text, as of a " +
        "console, is passed by. Of two traces of one boot it compares the invalidations one by " +
        "one, waits left out, and says which is missing where; replay judges a trace by itself. " +
        "Exit code 0: all is the same; 1: an invalidation is in one trace alone; 2: a file " +
        "cannot be read to its end, or no line of it is understood; 3: there is nothing to list " +
        "or to compare.",
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
