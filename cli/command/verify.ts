import type { Command } from "commander";
import type { Fact } from "../../events/fact.ts";
import { parseJson } from "../../events/json.ts";
import { encodeFact } from "../../events/log/log.ts";
import type { Step } from "../../history/step.ts";
import { foldSource } from "../folding.ts";
import { InputError } from "../input-error.ts";
import type { FactEntry } from "../read.ts";
import { openSource } from "../read.ts";
import { renderEvent } from "../render/event.ts";
import { renderJson } from "../render/json.ts";
import { renderPairs } from "../render/table.ts";
import type { Run } from "../run.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly json?: true;
}

/** The first place where a log says something else than the model. */
interface Difference {
  /** Line of the recorded fact, or of the input that the model has more to say about. */
  readonly line: number;
  readonly seq: number;
  readonly recorded: Fact | undefined;
  readonly decided: Fact | undefined;
  /** The number of the decided fact, if there is one. */
  readonly decidedSeq: number | undefined;
}

/** Compares a log's facts with those decided, one by one; keeps the first difference. */
interface Comparison {
  readonly step: (step: Step, line: number) => void;
  readonly recorded: (entry: FactEntry) => void;
  readonly recordedFacts: () => number;
  /**
   * The first difference, `undefined` also for a log without facts. A log that was cut short may
   * lack facts of its last input.
   */
  readonly finish: (cutShort: boolean) => Difference | undefined;
}

const sameFact = (a: Fact, b: Fact): boolean => encodeFact(1, 1, a) === encodeFact(1, 1, b);

function startComparison(): Comparison {
  let expected: readonly { seq: number; line: number; fact: Fact }[] = [];
  let next = 0;
  let count = 0;
  let first: Difference | undefined;
  const settle = (): void => {
    const missing = expected[next];
    if (missing === undefined || first !== undefined) return;
    const { line, seq, fact } = missing;
    first = { line, seq, recorded: undefined, decided: fact, decidedSeq: seq };
  };
  return {
    step: (step, line) => {
      settle();
      expected = step.facts.map((fact, index) => ({ seq: step.seq + 1 + index, line, fact }));
      next = 0;
    },
    recorded: (entry) => {
      count += 1;
      const wanted = expected[next++];
      const { line, seq, fact } = entry;
      const same = wanted !== undefined && wanted.seq === seq && sameFact(wanted.fact, fact);
      if (same) return;
      first ??= { line, seq, recorded: fact, decided: wanted?.fact, decidedSeq: wanted?.seq };
    },
    recordedFacts: () => count,
    finish: (cutShort) => {
      if (!cutShort) settle();
      return count === 0 ? undefined : first;
    },
  };
}

function renderDifference(terminal: Terminal, file: string, difference: Difference): string {
  const { line, seq, recorded, decided, decidedSeq = seq } = difference;
  const { red } = terminal.colours;
  const place = `${file}:${line.toString()}`;
  const show = (at: number, fact: Fact | undefined): string =>
    fact === undefined ? "nothing" : renderEvent(terminal, at, at, fact).trim();
  if (recorded !== undefined && decided !== undefined && sameFact(recorded, decided)) {
    const numbers = `recorded as event ${seq.toString()}, decided as ${decidedSeq.toString()}`;
    const title = red(`${place}: only the number differs: ${numbers}`);
    return `${title}\n${renderPairs(terminal, [["fact", show(seq, recorded)]])}`;
  }
  const pairs = renderPairs(terminal, [
    ["recorded", show(seq, recorded)],
    ["decided", show(decidedSeq, decided)],
  ]);
  return `${red(`${place}: event ${seq.toString()} differs`)}\n${pairs}`;
}

/** The object that `--json` prints of a difference. */
function differenceJson(difference: Difference | undefined): unknown {
  if (difference === undefined) return null;
  const { line, seq, recorded, decided, decidedSeq } = difference;
  const facts = { recorded: factJson(recorded), decided: factJson(decided) };
  return { line, seq, ...facts, decidedSeq: decidedSeq ?? null };
}

function factJson(fact: Fact | undefined): unknown {
  if (fact === undefined) return null;
  const { seq: _seq, cause: _cause, ...body } = Object(parseJson(encodeFact(1, 1, fact)));
  return body;
}

async function verify(run: Run, file: string, options: Options): Promise<void> {
  const source = await openSource(file);
  if (source.kind === "recording") {
    await source.close();
    throw new InputError(`${file}: is a recording and has no facts; convert it to a log first`);
  }
  const comparison = startComparison();
  const { inputs, failure } = await foldSource(source, run.terminal, comparison);
  const difference = comparison.finish(failure !== undefined);
  const facts = comparison.recordedFacts();
  const { out, colours } = run.terminal;
  if (options.json) {
    const equal = facts === 0 ? null : difference === undefined;
    out(renderJson({ file, inputs, facts, equal, difference: differenceJson(difference) }));
  } else if (difference) out(renderDifference(run.terminal, file, difference));
  else {
    const what = `${facts.toString()} facts of ${inputs.toString()} inputs`;
    const none = "nothing was verified; convert --facts decided gives a log its facts";
    const result = facts === 0 ? none : colours.green("decided again as recorded");
    out(`${file}: ${what}: ${result}\n`);
  }
  if (difference) run.differ();
  if (facts === 0) run.learnNothing();
  if (failure !== undefined) run.fail(failure);
}

/** Adds `verify LOG`. */
export function addVerify(program: Command, run: Run): void {
  program
    .command("verify")
    .summary("decide a log's facts again and compare")
    .description(
      "Decides again what follows from a log's inputs and compares it with the facts that " +
        "the log has, number by number. Names the first difference. Exit code 0: the same; " +
        "1: different; 2: the log cannot be read to its end; 3: it has no facts to compare.",
    )
    .argument("<log>", "log, gzipped or not; - is standard input")
    .option("--json", "print one object")
    .addHelpText("after", "\nExample:\n  shadowfold verify run.ndjson.gz")
    .action((file: string, options: Options) => verify(run, file, options));
}
