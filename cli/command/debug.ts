import type { Command } from "commander";
import { openHistory } from "../history-file.ts";
import { InputError } from "../input-error.ts";
import type { Run } from "../run.ts";
import { startSession } from "../session/session.ts";
import { helpText } from "../session/verbs.ts";
import { terminalSession } from "../terminal-session.ts";
import { atOption } from "./lookup.ts";

interface Options {
  readonly terminal?: true;
  readonly at?: number;
  readonly json?: true;
}

/** Goes through a file at this terminal, or as a pipe says. */
export async function debugInTerminal(run: Run, file: string, options: Options): Promise<void> {
  if (file === "-") throw new InputError("-: standard input is what the session is told by");
  const history = await openHistory(run, file);
  if (history.failure !== undefined) run.fail(history.failure);
  const session = startSession(run.terminal, file, history, options.at);
  const { stdin, stdout } = process;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const input = isTerminal ? { input: stdin, prompt: stdout } : { input: stdin };
  if (isTerminal) {
    const last = session.timeline.end.seq.toString();
    run.terminal.out(`${file}: ${last} events; help lists what can be said, quit ends\n`);
  }
  await terminalSession(run, session, input, options.json ? { json: true } : {});
}

/** Adds `debug FILE`. */
export function addDebug(program: Command, run: Run): void {
  program
    .command("debug")
    .summary("go through a log in both directions")
    .description(
      "Goes through a log forwards and backwards: by steps, to the next event of which an " +
        "expression is so, to where a register, a word of guest memory or a translation changes. " +
        "With --terminal lines are read from this terminal or from a pipe.",
    )
    .argument("<file>", "log or recording, gzipped or not")
    .option("--terminal", "in this terminal, or told by a pipe")
    .addOption(atOption("begin after this event"))
    .option("--json", "with --terminal: answer each line with one object in one line")
    .addHelpText("after", `\nWith --terminal one says:\n${helpText()}  quit`)
    .action(async (file: string, options: Options) => {
      if (options.terminal !== true) {
        throw new InputError("debug: say --terminal to go through the file in this terminal");
      }
      await debugInTerminal(run, file, options);
    });
}
