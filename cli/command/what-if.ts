import type { Command } from "commander";
import type { Iova, SourceId } from "../../events/address.ts";
import type { Setup } from "../../events/setup.ts";
import { worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { Branch } from "../../history/what-if/branch.ts";
import { branchOf } from "../../history/what-if/branch.ts";
import type { Edit } from "../../history/what-if/edit.ts";
import { EditError } from "../../history/what-if/edit.ts";
import { invalidationInputs } from "../../history/what-if/invalidation.ts";
import { reportOfBranch } from "../../history/what-if/report.ts";
import { linesOf } from "../../history/what-if/saved-log.ts";
import { parseDevice, parseIova } from "../argument.ts";
import type { AskedInvalidation } from "../edit-option.ts";
import {
  collected,
  parseChange,
  parseInsert,
  parseInvalidation,
  parseMove,
  parseRemove,
} from "../edit-option.ts";
import { openHistory } from "../history-file.ts";
import { InputError } from "../input-error.ts";
import { checkTarget, forceOption } from "../part-file.ts";
import { renderJson } from "../render/json.ts";
import { renderRunReport, runReportJson } from "../render/run-report.ts";
import type { Run } from "../run.ts";
import { openWriter } from "../write.ts";
import { guestOption } from "./lookup.ts";

interface Options {
  readonly remove?: readonly Edit[];
  readonly insert?: readonly Edit[];
  readonly change?: readonly Edit[];
  readonly move?: readonly Edit[];
  readonly invalidate?: readonly AskedInvalidation[];
  readonly device?: SourceId;
  readonly iova?: Iova;
  readonly guest: number;
  readonly output?: string;
  readonly force?: true;
  readonly all?: true;
  readonly json?: true;
}

const shownRows = 20;

/** The inputs of an invalidation before an event, as edits. */
function editsOf(timeline: Timeline, options: Options, one: AskedInvalidation): readonly Edit[] {
  const { guest, device, iova } = options;
  const world = worldAt(timeline, one.before - 1);
  if (world === undefined) throw new EditError(`there is no event ${one.before.toString()}`);
  const asked = {
    guest,
    scope: one.scope,
    ...(device === undefined ? {} : { device }),
    ...(iova === undefined ? {} : { iova }),
  };
  return invalidationInputs(world, asked).map((input) => {
    return { kind: "insert", before: one.before, input };
  });
}

function branchFrom(timeline: Timeline, options: Options): Branch {
  const { remove = [], insert = [], change = [], move = [], invalidate = [] } = options;
  const wanted = invalidate.flatMap((one) => editsOf(timeline, options, one));
  const edits = [...remove, ...change, ...move, ...insert, ...wanted];
  if (edits.length === 0) throw new EditError("say what is to be otherwise, like --remove 12");
  return branchOf(timeline, "what if", edits);
}

async function save(setup: Setup, branch: Branch, file: string): Promise<void> {
  const writer = openWriter(file);
  for (const line of linesOf(setup, branch.timeline, true)) await writer.line(line);
  await writer.close();
}

async function whatIf(run: Run, file: string, options: Options): Promise<void> {
  const { output, force, json, all } = options;
  if (output !== undefined) await checkTarget(run.terminal, { file: output, from: file, force });
  const { setup, timeline, failure } = await openHistory(run, file);
  let branch: Branch;
  try {
    branch = branchFrom(timeline, options);
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    throw new InputError(`${file}: ${error.message}`);
  }
  const report = reportOfBranch(branch);
  const { terminal } = run;
  if (output !== undefined) await save(setup, branch, output);
  if (json) terminal.out(renderJson(runReportJson(report)));
  else {
    const limit = all ? Number.POSITIVE_INFINITY : shownRows;
    const view = { left: "as it was", right: "what if", limit };
    terminal.out(renderRunReport(terminal, report, view));
  }
  if (failure !== undefined) run.fail(failure);
}

/** Adds `what-if FILE`. */
export function addWhatIf(program: Command, run: Run): void {
  program
    .command("what-if")
    .summary("do some inputs differently, and tell what that would have come to")
    .description(
      "Takes inputs out of a log, puts others in, changes or moves them, folds on from there, " +
        "and tells the first difference that matters, what the requests of devices come to, and " +
        "which laws hold no more or hold again. Inputs are named by the numbers of their events " +
        "(shadowfold log lists them); the number after the last event is the end. The file stays " +
        "as it is.",
    )
    .argument("<file>", "log or recording, gzipped or not; - is standard input")
    .option("--remove <event>", "without this input", collected(parseRemove))
    .option("--insert <event:line>", "this input before that event", collected(parseInsert))
    .option("--change <event:line>", "this input instead", collected(parseChange))
    .option("--move <event:event>", "the first before the second", collected(parseMove))
    .option(
      "--invalidate <event:scope>",
      "the guest invalidates before that event: page, domain (both with --device), global, " +
        "contexts or interrupts",
      collected(parseInvalidation),
    )
    .option("--device <bdf>", "whose domain --invalidate is about", parseDevice)
    .option("--iova <address>", "which page --invalidate is about", parseIova)
    .addOption(guestOption())
    .option("-o, --output <log>", "write what would have been as a log")
    .option(...forceOption)
    .option("--all", "all rows that are kept")
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExamples:\n  shadowfold what-if recordings/linux-vfio-edu.jsonl.gz --remove 1200\n" +
        "  shadowfold what-if guest.log --invalidate 940:page --device 00:04.0 --iova 0x1806000\n" +
        '  shadowfold what-if guest.log --insert \'12:{"input":"UnitReset"}\' -o reset.log',
    )
    .action((file: string, options: Options) => whatIf(run, file, options));
}
