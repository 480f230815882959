// Length: one command, whose ways of telling share what is kept while it folds.

import type { Command } from "commander";
import type { CallDifference, CallsOfEvent } from "../../calls/alignment.ts";
import { compareCalls } from "../../calls/alignment.ts";
import type { Call } from "../../calls/call.ts";
import type { Costs } from "../../calls/call-cost.ts";
import { costsAfter } from "../../calls/call-cost.ts";
import { callToJson } from "../../calls/call-json.ts";
import { callsAtStart, callsOf } from "../../calls/calls-of.ts";
import type { HostAbilities } from "../../calls/host-abilities.ts";
import { ableHost, hostRefusal } from "../../calls/host-abilities.ts";
import type { IommufdLedger } from "../../calls/iommufd.ts";
import { emptyLedger, iommufdOf } from "../../calls/iommufd.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import { parseNumber } from "../argument.ts";
import { readCalls } from "../calls-log.ts";
import { foldSource, worldOf } from "../folding.ts";
import { parseAbilities } from "../host-abilities.ts";
import { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";
import { callText, ioctlText, renderCosts } from "../render/calls.ts";
import { renderEvent } from "../render/event.ts";
import type { Run } from "../run.ts";
import { checkGuest } from "./lookup.ts";

interface Options {
  readonly guest: number;
  readonly from?: number;
  readonly to?: number;
  readonly json?: true;
  readonly iommufd?: true;
  readonly costs?: true;
  readonly host?: HostAbilities;
  readonly against?: string;
}

/** What is told of calls while a file is folded. */
interface Telling {
  readonly run: Run;
  readonly options: Options;
  readonly ledger: IommufdLedger;
  readonly costs: Map<string, Costs>;
  /** What is kept to compare; empty where nothing is compared. */
  readonly kept: CallsOfEvent[];
}

function lineOf({ options, ledger }: Telling, seq: number, call: Call): string {
  if (options.iommufd === undefined) {
    return options.json
      ? `${JSON.stringify({ event: seq, ...callToJson(call) })}\n`
      : `            ${callText(call)}\n`;
  }
  const ioctls = iommufdOf(ledger, call);
  if (options.json) {
    return ioctls.map((one) => `${JSON.stringify({ event: seq, ...one })}\n`).join("");
  }
  return ioctls.map((one) => `            ${ioctlText(one)}\n`).join("");
}

/** Tells the calls of one event, `head` being what the event is. */
function tell(telling: Telling, seq: number, what: string, head: string, calls: readonly Call[]) {
  if (calls.length === 0) return;
  const { run, options, costs, kept } = telling;
  if (options.against !== undefined) {
    kept.push({ seq, calls });
    return;
  }
  costs.set(what, costsAfter(costs.get(what) ?? new Map(), calls));
  if (options.costs && !options.json) return;
  const text = calls.map((call) => lineOf(telling, seq, call)).join("");
  run.terminal.out(options.json ? text : `${head}${text}`);
}

function begin(telling: Telling, world: World): void {
  const what = world.seq === 0 ? "the start" : "taking over";
  const head = `${world.seq.toString().padStart(8)}  ${telling.run.terminal.colours.bold(what)}\n`;
  tell(telling, world.seq, what, head, callsAtStart(world, telling.options.guest));
}

function step(telling: Telling, one: Step): void {
  const { run, options } = telling;
  const { seq, input } = one;
  const calls = callsOf(one, options.guest);
  if (calls.length === 0) return;
  tell(telling, seq, input.type, renderEvent(run.terminal, seq, undefined, input), calls);
}

const kinds: Readonly<Record<CallDifference["kind"], string>> = {
  notCalledFor: "not called for",
  outOfOrder: "out of order",
  unknown: "unknown",
  otherDevice: "for another device",
  cannotBe: "cannot be",
  cut: "cut short",
};

function differenceText(file: string, found: CallDifference): string {
  const { kind, line, call, why, seq, missing } = found;
  const where = line === undefined ? file : `${file}:${line.toString()}`;
  const said = call === undefined ? "" : `${callText(call)}: `;
  const event = seq === 0 ? "the start" : `event ${seq.toString()}`;
  const next =
    missing === undefined ? "" : `; after ${event} there is to come: ${callText(missing)}`;
  return `${where}: ${said}${kinds[kind]}: ${why}${next}\n`;
}

async function compare(telling: Telling): Promise<void> {
  const { run, options, kept } = telling;
  const { against = "-", guest } = options;
  const theirs = await readCalls(against, guest);
  const found = compareCalls(kept, theirs);
  if (found === undefined) {
    run.terminal.out(`${theirs.length.toString()} calls, all as they must be\n`);
    return;
  }
  run.differ();
  const { missing, call } = found;
  const plain = {
    ...found,
    ...(call === undefined ? {} : { call: callToJson(call) }),
    ...(missing === undefined ? {} : { missing: callToJson(missing) }),
  };
  run.terminal.out(options.json ? `${JSON.stringify(plain)}\n` : differenceText(against, found));
}

/** Whether the host can serve the guest; says what it cannot. */
function canServe(run: Run, world: World, { guest, host = ableHost }: Options): boolean {
  const known = world.guests[guest];
  if (known === undefined || known.devices.physical === 0) return true;
  const reasons = hostRefusal(known.offered, host);
  if (reasons.length === 0) return true;
  for (const reason of reasons) run.terminal.out(`guest ${guest.toString()}: refused: ${reason}\n`);
  run.differ();
  return false;
}

async function print(run: Run, file: string, options: Options): Promise<void> {
  const { guest, from = 0, to } = options;
  if (to !== undefined && from > to) {
    throw new InputError(`--from ${from.toString()} is after --to ${to.toString()}`);
  }
  const source = await openSource(file);
  if (guest >= source.setup.guests.length) {
    await source.close();
    checkGuest(file, source.setup.guests.length, guest);
  }
  const start = await worldOf(source);
  if (!canServe(run, start, options)) {
    await source.close();
    return;
  }
  const ledger = emptyLedger(options.host?.nesting ?? true);
  const telling: Telling = { run, options, ledger, costs: new Map(), kept: [] };
  let hasBegun = from === 0;
  if (hasBegun) begin(telling, start);
  const each = (one: Step): void => {
    if (hasBegun) step(telling, one);
    else if (one.after.seq >= from) {
      begin(telling, one.after);
      hasBegun = true;
    }
  };
  const { failure } = await foldSource(source, run.terminal, { step: each }, to);
  if (failure !== undefined) run.fail(failure);
  else if (options.against !== undefined) await compare(telling);
  else if (!options.json) {
    if (telling.costs.size === 0) run.terminal.out("no calls\n");
    else
      run.terminal.out(`${options.costs ? "" : "\n"}${renderCosts(run.terminal, telling.costs)}`);
  }
}

/** Adds `calls FILE`. */
export function addCalls(program: Command, run: Run): void {
  program
    .command("calls")
    .summary("show what a unit asks of the host's kernel")
    .description(
      "Folds a file and shows the calls that each input leads to, so that the host's IOMMU does " +
        "for physical devices what the guest says: spaces and what is mapped in them, first " +
        "stages, where requests go, invalidations, answers. Then what it cost.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .option("--guest <number>", "of this guest, from 0", parseNumber, 0)
    .option(
      "--from <event>",
      "take over after this event, with a host that has nothing",
      parseNumber,
    )
    .option("--to <event>", "last event", parseNumber)
    .option("--iommufd", "in the words of Linux's iommufd and VFIO")
    .option("--costs", "only how many calls and pages")
    .option("--host <abilities>", "on a host that lacks this, with commas between", parseAbilities)
    .option("--against <calls>", "name the first of these calls that differs in a way that matters")
    .option("--json", "print one call a line, as --against reads them; or the difference")
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold calls recordings/linux-vfio-edu.jsonl.gz --costs\n" +
        "  shadowfold calls recordings/linux-scalable-nvme.jsonl.gz --iommufd --to 400\n" +
        "  shadowfold calls guest.ndjson --against vmm-calls.ndjson\n\n" +
        "docs/host-calls.md says what the calls are and why; docs/host-calls-format.md what a\n" +
        "file for --against has.",
    )
    .action((file: string, options: Options) => print(run, file, options));
}
