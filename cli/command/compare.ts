import type { Command } from "commander";
import { reportOfTwo } from "../../history/what-if/report.ts";
import { openHistory } from "../history-file.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import { renderRunReport, runReportJson } from "../render/run-report.ts";
import type { Run } from "../run.ts";

interface Options {
  readonly all?: true;
  readonly json?: true;
}

const shownRows = 20;

async function compare(run: Run, good: string, bad: string, options: Options): Promise<void> {
  if (good === "-" && bad === "-") throw new InputError("-: standard input is one file only");
  const left = await openHistory(run, good);
  const right = await openHistory(run, bad);
  const report = reportOfTwo(left.timeline, right.timeline);
  const { terminal } = run;
  if (options.json) terminal.out(renderJson(runReportJson(report)));
  else {
    const limit = options.all ? Number.POSITIVE_INFINITY : shownRows;
    terminal.out(renderRunReport(terminal, report, { left: good, right: bad, limit }));
  }
  if (report.differing > 0) run.differ();
  for (const { failure } of [left, right]) if (failure !== undefined) run.fail(failure);
}

/** Adds `compare GOOD BAD`. */
export function addCompare(program: Command, run: Run): void {
  program
    .command("compare")
    .summary("lay two runs side by side, the first difference that matters on top")
    .description(
      "Aligns two logs by what they did, and tells the first difference that matters: other " +
        "facts after the same input, or an input that only one run has and that the unit " +
        "notices. Then which requests of devices came to something else, and which laws hold in " +
        "one alone. Exit code 1 when anything differs.",
    )
    .argument("<good>", "log or recording, gzipped or not")
    .argument("<bad>", "the other one")
    .option("--all", "all rows that are kept")
    .option("--json", "print one object")
    .addHelpText("after", "\nExample:\n  shadowfold compare working.log broken.log")
    .action((good: string, bad: string, options: Options) => compare(run, good, bad, options));
}
