import type { Command } from "commander";
import { openHistory } from "../history-file.ts";
import { InputError } from "../input-error.ts";
import type { Run } from "../run.ts";
import { startSession } from "../session/session.ts";
import { helpText } from "../session/verbs.ts";
import { terminalSession } from "../terminal-session.ts";
import type { PageOptions } from "./debug-page.ts";
import { debugInPage, withPageOptions } from "./debug-page.ts";
import { atOption } from "./lookup.ts";

interface TerminalOptions {
  readonly at?: number;
  readonly json?: true;
}

interface Options extends TerminalOptions, PageOptions {
  readonly terminal?: true;
}

/** Goes through a file at this terminal, or as a pipe says. */
export async function debugInTerminal(
  run: Run,
  file: string,
  options: TerminalOptions,
): Promise<void> {
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

async function debug(run: Run, file: string, options: Options): Promise<void> {
  if (options.terminal === true) return debugInTerminal(run, file, options);
  if (options.json === true) throw new InputError("--json: goes with --terminal");
  return debugInPage(run, file, options);
}

/** Adds `debug FILE`. */
export function addDebug(program: Command, run: Run): void {
  const command = program
    .command("debug")
    .summary("go through a log in both directions, in a browser or in this terminal")
    .description(
      "Goes through a log forwards and backwards: by steps, to the next event of which an " +
        "expression is so, to where a register, a word of guest memory or a translation changes. " +
        "Serves the debugger's page on this machine alone, prints its address, and ends with " +
        "Ctrl-C: the address has a token in it, requests of other pages are refused, the page " +
        "fetches nothing from elsewhere, and everything is folded in the browser. With " +
        "--terminal lines are read from this terminal or from a pipe.",
    )
    .argument("<file>", "log or recording, gzipped or not");
  withPageOptions(command)
    .option("--terminal", "in this terminal, or told by a pipe")
    .addOption(atOption("begin after this event"))
    .option("--json", "with --terminal: answer each line with one object in one line")
    .addHelpText(
      "after",
      "\nExample:\n  shadowfold debug recordings/linux-vfio-edu.jsonl.gz --at 5643\n\n" +
        "docs/debugger.md tells what the page shows.\n\n" +
        `With --terminal one says:\n${helpText()}  quit`,
    )
    .action((file: string, options: Options) => debug(run, file, options));
}
