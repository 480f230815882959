import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { facts } from "../../events/fact.ts";
import { inputs } from "../../events/input.ts";
import { shortened } from "../../events/log/excerpt.ts";
import type { Step } from "../../history/step.ts";
import { parseDevice, parseNumber } from "../argument.ts";
import { foldSource } from "../folding.ts";
import { indexedHistory } from "../history-file.ts";
import { printIndexed } from "../indexed-log.ts";
import { InputError } from "../input-error.ts";
import type { ListOptions } from "../listed-event.ts";
import { checkFilters, deviceOf, isWanted, tellLast, textOf } from "../listed-event.ts";
import { openSource } from "../read.ts";
import type { Run } from "../run.ts";
import type { WhereTest } from "../where.ts";
import { parseWhere, startWhere } from "../where.ts";
import { checkGuest, pasidOption } from "./lookup.ts";

/** The names of events in a list with commas. */
function parseTypes(text: string): ReadonlySet<string> {
  const known = [...Object.keys(inputs), ...Object.keys(facts)];
  const wanted = text.split(",").map((name) => name.trim());
  if (wanted.includes("")) {
    throw new InvalidArgumentError("Expected names of events with commas between.");
  }
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const start = name.slice(0, 3).toLowerCase();
    const near = known.filter((of) => of.toLowerCase().startsWith(start));
    const hint = near.length === 0 ? "" : ` Did you mean ${near.join(", ")}?`;
    throw new InvalidArgumentError(`There is no event ${shortened(name)}.${hint}`);
  }
  return new Set(wanted);
}

/** Lists the events of a step that are wanted. @returns the number of the last of them. */
function printStep(
  run: Run,
  options: ListOptions,
  step: Step,
  where: WhereTest,
): number | undefined {
  let text = "";
  let last: number | undefined;
  for (const [index, event] of [step.input, ...step.facts].entries()) {
    const seq = step.seq + index;
    if (isWanted(options, step, seq, event) && where(seq, event)) {
      text += textOf(run, options, seq, step);
      last = seq;
    }
  }
  if (text !== "") run.terminal.out(text);
  return last;
}

const always: WhereTest = () => true;

async function print(run: Run, file: string, options: ListOptions): Promise<void> {
  const { from, to, device } = options;
  if (to !== undefined && from > to) {
    throw new InputError(`--from ${from.toString()} is after --to ${to.toString()}`);
  }
  const indexed = await indexedHistory(run, file);
  if (indexed !== undefined) {
    if (options.guest !== undefined) {
      checkGuest(file, indexed.setup.guests.length, options.guest);
    }
    printIndexed(run, file, options, indexed);
    return;
  }
  const source = await openSource(file);
  if (options.guest !== undefined && options.guest >= source.setup.guests.length) {
    await source.close();
    checkGuest(file, source.setup.guests.length, options.guest);
  }
  let wasSeen = false;
  let last: number | undefined;
  let whereOf: ((step: Step) => WhereTest) | undefined;
  const step = (one: Step): void => {
    const { where } = options;
    if (where !== undefined) whereOf ??= startWhere(where, one.before);
    wasSeen ||= [one.input, ...one.facts].some((event) => deviceOf(event) === device);
    last = printStep(run, options, one, whereOf?.(one) ?? always) ?? last;
  };
  const { world, failure } = await foldSource(source, run.terminal, { step }, to);
  tellLast(run, file, options, last);
  if (failure === undefined && world.seq === 0) run.terminal.err(`${file}: has no events\n`);
  if (failure !== undefined) run.fail(failure);
  else checkFilters(file, world, options, wasSeen);
}

/** Adds `log FILE`. */
export function addLog(program: Command, run: Run): void {
  program
    .command("log")
    .summary("list events: inputs, and the facts that follow")
    .description(
      "Lists the events of a file: every input, and indented below it the facts that the model " +
        "decides. Facts that a log has recorded are not shown; verify compares them.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .option("--from <event>", "first event", parseNumber, 0)
    .option("--to <event>", "last event", parseNumber)
    .option("--device <bdf>", "only events of this device or source-id, like 00:04.0", parseDevice)
    .addOption(pasidOption("only events of this PASID"))
    .option("--type <names>", "only these events, with commas between", parseTypes)
    .option("--guest <number>", "only events of this guest", parseNumber)
    .option("--where <expression>", "only events for which this is so", parseWhere)
    .option("--json", "print the lines that a log has, one object a line")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold log recordings/linux-vfio-edu.jsonl.gz " +
        "--type DmaBlocked,FaultRecorded --device 00:04.0\n" +
        "  shadowfold log recordings/linux-vfio-edu.jsonl.gz " +
        "--where 'event == \"Dma\" && iova >= 0x1806000 && iova < 0x1807000'\n\n" +
        "docs/expressions.md has the language of --where.",
    )
    .action((file: string, options: ListOptions) => print(run, file, options));
}
