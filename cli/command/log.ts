import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { SourceId } from "../../events/address.ts";
import { formatSourceId } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { facts } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import { inputs } from "../../events/input.ts";
import { shortened } from "../../events/log/excerpt.ts";
import { encodeFact, encodeInput } from "../../events/log/log.ts";
import type { Expression } from "../../history/expression/expression.ts";
import type { Step } from "../../history/step.ts";
import { deviceAt, deviceBehind } from "../../projections/device/devices.ts";
import type { World } from "../../projections/world.ts";
import { parseDevice, parseNumber } from "../argument.ts";
import { checkEvent, foldSource } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";
import { renderEvent } from "../render/event.ts";
import type { Run } from "../run.ts";
import type { WhereTest } from "../where.ts";
import { parseWhere, startWhere } from "../where.ts";
import { checkGuest, pasidOption } from "./lookup.ts";

interface Options {
  readonly from: number;
  readonly to?: number;
  readonly device?: SourceId;
  readonly type?: ReadonlySet<string>;
  readonly guest?: number;
  readonly pasid?: number;
  readonly where?: Expression;
  readonly json?: true;
}

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

const deviceOf = (event: Input | Fact): number | undefined => {
  if ("device" in event) return event.device;
  return "source" in event ? event.source : undefined;
};

/**
 * Whether an event is about a PASID: it carries it, is about what is kept of one, or follows from
 * an input that carries it and names no other.
 */
function isAboutPasid(event: Input | Fact, pasid: number, step: Step): boolean {
  const { before, after, input } = step;
  if ("pasid" in event && event.pasid !== undefined) return event.pasid === pasid;
  if ("pasid" in input && input.pasid === pasid) return true;
  if (event.type === "HostEntryChanged") return event.tag === pasid;
  if (!("space" in event) || event.space === undefined) return false;
  const [index, id] = [event.guest ?? 0, event.space];
  return [after, before].some((world) => world.guests[index]?.spaces[id]?.pasid === pasid);
}

function isWanted(options: Options, step: Step, seq: number, event: Input | Fact): boolean {
  if (seq < options.from || seq > (options.to ?? Number.POSITIVE_INFINITY)) return false;
  if (options.guest !== undefined && (event.guest ?? 0) !== options.guest) return false;
  if (options.type !== undefined && !options.type.has(event.type)) return false;
  if (options.pasid !== undefined && !isAboutPasid(event, options.pasid, step)) return false;
  return options.device === undefined || deviceOf(event) === options.device;
}

function printStep(run: Run, options: Options, step: Step, where: WhereTest): void {
  const { terminal } = run;
  const { seq, input } = step;
  let text = "";
  if (isWanted(options, step, seq, input) && where(seq, input)) {
    text += options.json
      ? `${encodeInput(seq, input)}\n`
      : renderEvent(terminal, seq, undefined, input);
  }
  for (const [index, fact] of step.facts.entries()) {
    const at = seq + 1 + index;
    if (!isWanted(options, step, at, fact) || !where(at, fact)) continue;
    text += options.json ? `${encodeFact(at, seq, fact)}\n` : renderEvent(terminal, at, seq, fact);
  }
  if (text !== "") terminal.out(text);
}

const hasDevice = ({ guests }: World, device: SourceId): boolean =>
  guests.some(
    (guest) => deviceAt(guest, device) !== undefined || deviceBehind(guest, device) !== undefined,
  );

/**
 * Checks that a list without an event is not one because the filters ask for what is not there.
 *
 * @throws InputError that names what is not there.
 */
function checkFilters(file: string, world: World, options: Options, wasSeen: boolean): void {
  checkEvent(file, world.seq, options.from);
  const { device } = options;
  if (device === undefined || wasSeen || hasDevice(world, device)) return;
  throw new InputError(`${file}: there is no device ${formatSourceId(device)} in these events`);
}

const always: WhereTest = () => true;

async function print(run: Run, file: string, options: Options): Promise<void> {
  const { from, to, device } = options;
  if (to !== undefined && from > to) {
    throw new InputError(`--from ${from.toString()} is after --to ${to.toString()}`);
  }
  const source = await openSource(file);
  if (options.guest !== undefined && options.guest >= source.setup.guests.length) {
    await source.close();
    checkGuest(file, source.setup.guests.length, options.guest);
  }
  let wasSeen = false;
  let whereOf: ((step: Step) => WhereTest) | undefined;
  const step = (one: Step): void => {
    const { where } = options;
    if (where !== undefined) whereOf ??= startWhere(where, one.before);
    wasSeen ||= [one.input, ...one.facts].some((event) => deviceOf(event) === device);
    printStep(run, options, one, whereOf?.(one) ?? always);
  };
  const { world, failure } = await foldSource(source, run.terminal, { step }, to);
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
    .action((file: string, options: Options) => print(run, file, options));
}
