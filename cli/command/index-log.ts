import type { Command } from "commander";
import { makeIndex } from "../history-file.ts";
import { indexName } from "../index-file.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";

interface Options {
  readonly json?: true;
}

async function index(run: Run, file: string, { json }: Options): Promise<void> {
  if (file === "-") throw new InputError("-: an index lies beside a file; give it a name");
  const { timeline, failure, bytes } = await makeIndex(run, file);
  const [inputs, events] = [timeline.inputs.count, timeline.end.seq];
  const checkpoints = timeline.checkpoints.kept.length;
  if (json) {
    run.terminal.out(renderJson({ index: indexName(file), inputs, events, checkpoints, bytes }));
  } else {
    const counts = [inputs, events, checkpoints, bytes].map((count) => count.toString());
    run.terminal.out(
      `${indexName(file)}: ${counts[0]} inputs, ${counts[1]} events, ${counts[2]} checkpoints, ` +
        `${counts[3]} bytes\n`,
    );
  }
  if (failure !== undefined) run.fail(failure);
}

/** Adds `index FILE`. */
export function addIndex(program: Command, run: Run): void {
  program
    .command("index")
    .summary("write an index beside a log, with which any event of it is reached at once")
    .description(
      "Folds a file once and writes FILE.index beside it: worlds on the way, columns of all " +
        "events, who changed which translation. state, diff, log, translate and why then fold no " +
        "more than what lies between two of those worlds. An index is believed only while it is " +
        "of the file's own bytes and of this model; where the file has grown it is folded on, " +
        "and where it is another the index is made anew.",
    )
    .argument("<file>", "log or recording, gzipped or not")
    .option("--json", "print one object")
    .addHelpText("after", "\nExample:\n  shadowfold index guest.log")
    .action((file: string, options: Options) => index(run, file, options));
}
