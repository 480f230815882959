import type { Command } from "commander";
import type { Fact } from "../../events/fact.ts";
import { parseJson } from "../../events/json.ts";
import { encodeFact } from "../../events/log/log.ts";
import { modelVersion } from "../../events/log/log-version.ts";
import type { Step } from "../../history/step.ts";
import { foldSource } from "../folding.ts";
import { InputError } from "../input-error.ts";
import type { FactEntry, Source } from "../read.ts";
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
  /** The inputs behind the facts, as recorded and as decided, where only they differ. */
  readonly causes?: readonly [recorded: number, decided: number];
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
  let cause = 0;
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
      cause = step.seq;
      next = 0;
    },
    recorded: (entry) => {
      count += 1;
      const wanted = expected[next++];
      const { line, seq, fact } = entry;
      const same = wanted !== undefined && wanted.seq === seq && sameFact(wanted.fact, fact);
      if (same) {
        if (entry.cause === cause) return;
        const causes = [entry.cause, cause] as const;
        first ??= { line, seq, recorded: fact, decided: fact, decidedSeq: seq, causes };
        return;
      }
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
  if (difference.causes !== undefined) {
    const [written, right] = difference.causes.map(String);
    const title = red(
      `${place}: only the cause differs: ${written ?? ""}, decided as ${right ?? ""}`,
    );
    return `${title}\n${renderPairs(terminal, [["fact", show(seq, recorded)]])}`;
  }
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
  const { line, seq, recorded, decided, decidedSeq, causes } = difference;
  const facts = { recorded: factJson(recorded), decided: factJson(decided) };
  const found = { line, seq, ...facts, decidedSeq: decidedSeq ?? null };
  return causes === undefined ? found : { ...found, causes };
}

function factJson(fact: Fact | undefined): unknown {
  if (fact === undefined) return null;
  const { seq: _seq, cause: _cause, ...body } = Object(parseJson(encodeFact(1, 1, fact)));
  return body;
}

/** What is wrong with a log besides its facts. */
function doubtsOf({ model, hasEnded }: Source): readonly string[] {
  const other = `was written by model ${model ?? ""}, and this is ${modelVersion}`;
  const cut = "has no end, so that lines may be missing there";
  return [...(model === modelVersion ? [] : [other]), ...(hasEnded() ? [] : [cut])];
}

/** What may have been changed without any fact that says so. */
const notSeen = {
  list: ["inputs changed, added, removed or moved together with their facts", "set-up", "observed"],
  text:
    "What nobody can see without a seal: inputs that were changed, added, removed or moved " +
    "together with their\nfacts, the set-up with them, and what was observed.",
};

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
  const doubts = facts === 0 || failure !== undefined ? [] : doubtsOf(source);
  const { out, colours } = run.terminal;
  if (options.json) {
    const equal = facts === 0 ? null : difference === undefined;
    const found = { equal, difference: differenceJson(difference), doubts };
    out(renderJson({ file, model: source.model, inputs, facts, ...found, notSeen: notSeen.list }));
  } else if (difference) out(renderDifference(run.terminal, file, difference));
  else {
    const what = `${facts.toString()} facts of ${inputs.toString()} inputs`;
    const none = "nothing was verified; convert --facts decided gives a log its facts";
    const result = facts === 0 ? none : colours.green("decided again as recorded");
    out(`${file}: ${what}: ${result}\n`);
    for (const doubt of doubts) out(`${colours.red(`${file}: ${doubt}`)}\n`);
    if (facts > 0) out(colours.dim(`${notSeen.text}\n`));
  }
  if (difference !== undefined || doubts.length > 0) run.differ();
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
        "the log has, with their numbers and causes, and names the first difference. A log of " +
        "another model, or one without its last line, which counts the events, is told, too. " +
        "An edit of inputs together with their facts cannot be seen. Exit code 0: the same; " +
        "1: different; 2: the log cannot be read to its end; 3: it has no facts to compare.",
    )
    .argument("<log>", "log, gzipped or not; - is standard input")
    .option("--json", "print one object")
    .addHelpText("after", "\nExample:\n  shadowfold verify run.ndjson.gz")
    .action((file: string, options: Options) => verify(run, file, options));
}
