// Length: one command, whose ways of telling share what is kept while it folds.

import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { callsAfterFailure } from "../../calls/after-failure.ts";
import type { CallDifference, CallsOfEvent } from "../../calls/alignment.ts";
import { compareCalls } from "../../calls/alignment.ts";
import type { Call } from "../../calls/call.ts";
import type { Costs } from "../../calls/call-cost.ts";
import { costsAfter } from "../../calls/call-cost.ts";
import { callToJson } from "../../calls/call-json.ts";
import { callsAtStart, callsOf } from "../../calls/calls-of.ts";
import type { HostAbilities } from "../../calls/host-abilities.ts";
import { ableHost, hostRefusal } from "../../calls/host-abilities.ts";
import type { Ioctl, IommufdLedger } from "../../calls/iommufd.ts";
import {
  devicesIn,
  emptyLedger,
  iommufdOf,
  iommufdOfDevices,
  usesOf,
} from "../../calls/iommufd.ts";
import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import { parseNumber } from "../argument.ts";
import { readCalls } from "../calls-log.ts";
import { checkEvent, foldSource, worldOf } from "../folding.ts";
import { parseAbilities } from "../host-abilities.ts";
import { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";
import { callText, ioctlText, renderCosts } from "../render/calls.ts";
import { renderEvent } from "../render/event.ts";
import type { Run } from "../run.ts";
import { tellOffer } from "./calls-offer.ts";
import { checkGuest } from "./lookup.ts";

interface Options {
  readonly guest: number;
  readonly from?: number;
  readonly to?: number;
  readonly json?: true;
  readonly iommufd?: true;
  readonly costs?: true;
  readonly host?: HostAbilities;
  readonly offer?: true;
  readonly fail?: CallPlace;
  readonly against?: string;
}

/** The calls of an event, one of which is chosen, from 1. */
interface CallPlace {
  readonly event: number;
  readonly call: number;
}

function parsePlace(text: string): CallPlace {
  const [, event, call] = /^(\d{1,15})\.(\d{1,6})$/.exec(text) ?? [];
  if (event === undefined || call === undefined || Number(call) === 0) {
    throw new InvalidArgumentError("Expected EVENT.CALL, such as 77.2 for the second call of 77.");
  }
  return { event: Number(event), call: Number(call) };
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

const placeOf = ({ guest }: Options, event: number) => ({
  ...{ event, ...(guest === 0 ? {} : { guest }) },
});

function lineOf({ options, ledger }: Telling, seq: number, call: Call): string {
  const place = placeOf(options, seq);
  if (options.iommufd === undefined) {
    return options.json
      ? `${JSON.stringify({ ...place, ...callToJson(call) })}\n`
      : `            ${callText(call)}\n`;
  }
  return ioctlLines(options, place, iommufdOf(ledger, call));
}

const ioctlLines = ({ json }: Options, place: object, ioctls: readonly Ioctl[]): string =>
  ioctls
    .map((one) => (json ? JSON.stringify({ ...place, ...one }) : `            ${ioctlText(one)}`))
    .map((line) => `${line}\n`)
    .join("");

/** What a step asks of devices behind a bridge alone: iommufd has each by itself. */
function ofDevices({ options, ledger }: Telling, { seq, before, after }: Step): string {
  const [was, is] = [before.guests[options.guest], after.guests[options.guest]];
  const isChanged = is !== undefined && was?.devices !== is.devices;
  if (options.iommufd === undefined || options.costs || !isChanged) return "";
  ledger.devicesOf = devicesIn(is);
  return ioctlLines(options, placeOf(options, seq), iommufdOfDevices(ledger));
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

/** What a host makes of a guest's world that it takes over, after an event. */
function begin(telling: Telling, world: World, seq: number): void {
  const { run, ledger, options } = telling;
  const what = world.seq === 0 ? "the start" : "taking over";
  const head = `${seq.toString().padStart(8)}  ${run.terminal.colours.bold(what)}\n`;
  const guest = world.guests[options.guest];
  if (guest !== undefined) ledger.devicesOf = devicesIn(guest);
  tell(telling, seq, what, head, callsAtStart(world, options.guest));
}

/** Why an input of the host's side was refused, or nothing. */
function refusalOf({ input, facts }: Step): string | undefined {
  const [first] = facts;
  const isHosts = /^(HostFault|HostCallFailed|HostRelease|DirtyTracking)$/.test(input.type);
  return isHosts && first?.type === "InputRefused" ? first.why : undefined;
}

/** The calls of a step without those that the host cannot make, which is said. */
function possible(telling: Telling, one: Step): readonly Call[] {
  const { run, options } = telling;
  const calls = callsOf(one, options.guest);
  if (options.host?.dirtyTracking !== false) return calls;
  if (one.input.type === "DirtyTracking" && calls.length > 0) {
    run.terminal.out(
      `guest ${options.guest}: refused: event ${one.seq} asks which pages are written, ` +
        "which the host cannot note\n",
    );
    run.differ();
  }
  return calls.filter(({ call }) => call !== "trackDirty");
}

function step(telling: Telling, one: Step): void {
  const { run, options, ledger } = telling;
  const { seq, input } = one;
  const head = renderEvent(run.terminal, seq, undefined, input);
  const refusal = refusalOf(one);
  if (refusal !== undefined && !options.json && !options.costs && !options.against) {
    run.terminal.out(`${head}            refused: ${refusal}\n`);
  }
  const calls = possible(telling, one);
  const guest = one.after.guests[options.guest];
  if (calls.length > 0 && guest !== undefined) ledger.devicesOf = devicesIn(guest);
  if (options.fail?.event === seq) {
    if (calls.length > 0) failAt(telling, one, head, calls, options.fail.call);
    return;
  }
  tell(telling, seq, input.type, head, calls);
  const alone = ofDevices(telling, one);
  if (alone !== "") run.terminal.out(calls.length > 0 || options.json ? alone : head + alone);
}

/** One call of a step is not answered in time: what the VMM does then, and nothing after it. */
function failAt(
  telling: Telling,
  one: Step,
  head: string,
  calls: readonly Call[],
  number: number,
): void {
  const { run, options } = telling;
  const [call, left] = [calls[number - 1], calls.slice(number)];
  if (call === undefined) {
    throw new InputError(`--fail: event ${one.seq} leads to ${calls.length} calls`);
  }
  tell(telling, one.seq, one.input.type, head, calls.slice(0, number));
  if (options.json !== true) {
    const rest = left.length === 0 ? "" : `, and ${left.length} that were to follow are not made`;
    run.terminal.out(`            is not answered in time${rest}\n`);
  }
  const { guest } = options;
  const after = callsAfterFailure(one.after, call, "timedOut", guest, one.before, left);
  tell(telling, one.seq, "the failure", "", after);
}

const kinds: Readonly<Record<CallDifference["kind"], string>> = {
  notCalledFor: "not called for",
  outOfOrder: "out of order",
  unknown: "unknown",
  otherDevice: "for another device",
  cannotBe: "cannot be",
  missing: "something is missing before it",
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
    const count = theirs.length;
    run.terminal.out(
      options.json
        ? `${JSON.stringify({ calls: count })}\n`
        : `${count.toString()} calls, all as they must be\n`,
    );
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

/** The last event of interest: nothing is told after a call that failed. */
const lastOf = ({ fail }: Options): number => fail?.event ?? Number.POSITIVE_INFINITY;

/** @throws InputError when a file has fewer events than are asked for. */
function checkReached(file: string, last: number, { from = 0, fail }: Options): void {
  checkEvent(file, last, from);
  if (fail !== undefined) checkEvent(file, last, fail.event);
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
  if (options.offer) {
    await source.close();
    tellOffer(run, start, options);
    return;
  }
  if (!canServe(run, start, options)) {
    await source.close();
    return;
  }
  const known = start.guests[guest];
  if (known === undefined) return;
  const ledger = emptyLedger(usesOf(known, options.host ?? ableHost));
  const telling: Telling = { run, options, ledger, costs: new Map(), kept: [] };
  let hasBegun = from === 0;
  // Events are named by their inputs, and an input's calls are made whole.
  let [last, end] = [0, 0];
  if (hasBegun) begin(telling, start, 0);
  const each = (one: Step): void => {
    if (!hasBegun && one.seq > from) {
      begin(telling, one.before, last);
      hasBegun = true;
    }
    if (hasBegun) step(telling, one);
    [last, end] = [one.seq, one.after.seq];
  };
  const isPast = (): boolean => end >= Math.min(to ?? Number.POSITIVE_INFINITY, lastOf(options));
  const watcher = { step: each, isEnough: isPast };
  const { failure, world } = await foldSource(source, run.terminal, watcher);
  if (failure === undefined) checkReached(file, world.seq, options);
  if (!hasBegun && failure === undefined) begin(telling, world, last);
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
    .addOption(new Option("--costs", "only how many calls and pages").conflicts("json"))
    .option("--host <abilities>", "on a host that lacks this, with commas between", parseAbilities)
    .option("--offer", "only what the unit may offer on that host of what this one has")
    .option("--fail <event.call>", "let this call of an event fail, and stop there", parsePlace)
    .addOption(
      new Option(
        "--against <calls>",
        "name the first of these calls that differs in a way that matters",
      ).conflicts(["costs", "iommufd", "fail"]),
    )
    .option("--json", "print one call a line, as --against reads them; or the difference")
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold calls recordings/linux-vfio-edu.jsonl.gz --costs\n" +
        "  shadowfold calls recordings/linux-scalable-nvme.jsonl.gz --iommufd --to 400\n" +
        "  shadowfold calls guest.ndjson --against vmm-calls.ndjson\n" +
        "  shadowfold calls guest.ndjson --host no-nesting,input=48 --offer\n\n" +
        "docs/host-calls.md says what the calls are and why; docs/host-calls-format.md what a\n" +
        "file for --against has.",
    )
    .action((file: string, options: Options) => print(run, file, options));
}
