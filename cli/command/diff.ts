import type { Command } from "commander";
import { changesBetween } from "../../history/changes.ts";
import type { Step } from "../../history/step.ts";
import { stepUntil } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";
import { parseNumber } from "../argument.ts";
import { checkEvent, foldSource, worldOf } from "../folding.ts";
import type { FileMoment } from "../history-file.ts";
import { indexedHistory, momentOf } from "../history-file.ts";
import type { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";
import { renderJson } from "../render/json.ts";
import { openHint } from "../render/open-hint.ts";
import { renderChanges } from "../render/state.ts";
import type { Run } from "../run.ts";
import { pasidOption } from "./lookup.ts";

interface Options {
  readonly from: number;
  readonly to: number;
  readonly pasid?: number;
  readonly all?: true;
  readonly json?: true;
}

const shownChanges = 60;

/** The worlds after two events of a file, and why they are others, if they are. */
interface Worlds {
  readonly from: World;
  readonly to: World;
  readonly failure: InputError | undefined;
}

/** Folds a file once, as far as the later of two events, and keeps the world of the earlier one. */
async function foldBoth(run: Run, file: string, { from, to }: Options): Promise<Worlds> {
  const source = await openSource(file);
  let early = await worldOf(source);
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  const step = (one: Step): void => {
    if (one.before.seq < first) early = stepUntil(one, first).after;
  };
  const { world, failure } = await foldSource(source, run.terminal, { step }, last);
  const isWhole = world.seq >= last;
  if (!isWhole && failure === undefined) {
    for (const seq of [from, to]) checkEvent(file, world.seq, seq);
  }
  if (world.seq < first && failure !== undefined) throw failure;
  const told = isWhole ? undefined : failure;
  return from <= to
    ? { from: early, to: world, failure: told }
    : { from: world, to: early, failure: told };
}

async function worldsOf(run: Run, file: string, options: Options): Promise<Worlds> {
  const indexed = await indexedHistory(run, file);
  if (indexed === undefined) return foldBoth(run, file, options);
  const [start, end] = [options.from, options.to].map((at) => momentOf(indexed, file, at)) as [
    FileMoment,
    FileMoment,
  ];
  if (start.failure !== undefined && end.failure !== undefined) throw start.failure;
  return { from: start.world, to: end.world, failure: start.failure ?? end.failure };
}

async function show(run: Run, file: string, options: Options): Promise<void> {
  const { from, to, failure } = await worldsOf(run, file, options);
  const changes = changesBetween(from, to, options.pasid);
  const { terminal } = run;
  if (options.json) {
    const shown = changes.map((change) => {
      return { ...change, from: change.from ?? null, to: change.to ?? null };
    });
    terminal.out(renderJson({ from: from.seq, to: to.seq, changes: shown }));
  } else {
    const limit = options.all ? Number.POSITIVE_INFINITY : shownChanges;
    const hint = openHint(terminal, file, to.seq);
    terminal.out(`${renderChanges(terminal, changes, limit)}${hint}`);
  }
  if (failure !== undefined) run.fail(failure);
}

/** Adds `diff FILE`. */
export function addDiff(program: Command, run: Run): void {
  program
    .command("diff")
    .summary("show what differs between the states after two events")
    .description(
      "Shows what differs between the states after two events: what is new (+), gone (-) and " +
        "different (~). Event 0 is the start.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .requiredOption("--from <event>", "state after this event", parseNumber)
    .requiredOption("--to <event>", "and after this one", parseNumber)
    .addOption(pasidOption("only what is known of this PASID"))
    .option("--all", "all changes")
    .option("--json", "print one object, with all changes")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold diff recordings/linux-vfio-edu.jsonl.gz --from 400 --to 420",
    )
    .action((file: string, options: Options) => show(run, file, options));
}
