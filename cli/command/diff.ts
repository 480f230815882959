import type { Command } from "commander";
import { changesBetween } from "../../history/changes.ts";
import { parseNumber } from "../argument.ts";
import type { Folded } from "../folding.ts";
import { foldFile, worldOf } from "../folding.ts";
import { InputError } from "../input-error.ts";
import { openSource } from "../read.ts";
import { renderJson } from "../render/json.ts";
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

/** The world after an event; with the reason, if the file is bad before it. */
async function worldAt(
  run: Run,
  file: string,
  at: number,
): Promise<Pick<Folded, "world" | "failure">> {
  if (at > 0) return foldFile(file, run.terminal, {}, at);
  const source = await openSource(file);
  const world = await worldOf(source);
  await source.close();
  return { world, failure: undefined };
}

async function show(run: Run, file: string, options: Options): Promise<void> {
  if (file === "-") throw new InputError("-: diff reads its file twice; give it a name");
  const start = await worldAt(run, file, options.from);
  const end = await worldAt(run, file, options.to);
  const [from, to] = [start.world, end.world];
  const failure = start.failure ?? end.failure;
  if (start.failure !== undefined && end.failure !== undefined) throw start.failure;
  const changes = changesBetween(from, to, options.pasid);
  const { terminal } = run;
  if (options.json) {
    const shown = changes.map((change) => {
      return { ...change, from: change.from ?? null, to: change.to ?? null };
    });
    terminal.out(renderJson({ from: from.seq, to: to.seq, changes: shown }));
  } else {
    const limit = options.all ? Number.POSITIVE_INFINITY : shownChanges;
    terminal.out(renderChanges(terminal, changes, limit));
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
    .argument("<file>", "log or recording, gzipped or not")
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
