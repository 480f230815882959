import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { printable } from "../events/printable.ts";
import { InputError } from "./input-error.ts";
import type { Run } from "./run.ts";
import type { Session } from "./session/session.ts";
import { completions, tell } from "./session/verbs.ts";

/** Where the lines of a session come from. */
export interface SessionInput {
  readonly input: Readable;
  /** Where a prompt is drawn; without one the lines come from a pipe. */
  readonly prompt?: Writable;
}

/** How a session answers. */
export interface SessionOptions {
  /** One object a line, for a program. */
  readonly json?: boolean;
}

/** One object in one line; bigints as `"0x…"`. */
function jsonLine(value: unknown): string {
  const plain = (_name: string, item: unknown): unknown =>
    typeof item === "bigint" ? `0x${item.toString(16)}` : item;
  return `${JSON.stringify(value, plain)}\n`;
}

/** Carries out one line and says what came of it. A line that cannot be is told on the way. */
export function tellLine(run: Run, session: Session, line: string, options: SessionOptions): void {
  const outcome = tell(session, line);
  const { verb } = outcome;
  if ("said" in outcome) {
    run.terminal.out(options.json ? jsonLine({ verb, ...outcome.said.data }) : outcome.said.text);
    return;
  }
  if (options.json) run.terminal.out(jsonLine({ verb, error: outcome.error }));
  run.fail(new InputError(printable(outcome.error)));
}

const moving = /^\s*(s|step|b|back|n|next|p|previous|c|continue|rc|reverse)\b/;

const leaving = /^\s*(quit|exit)\s*$/;

/**
 * Takes a session through the lines of an input, until it ends or somebody quits. At a terminal it
 * completes words, keeps what was said before, and repeats the last step on an empty line; from a
 * pipe there is no prompt, and what cannot be carried out makes the exit code 2.
 */
export async function terminalSession(
  run: Run,
  session: Session,
  { input, prompt }: SessionInput,
  options: SessionOptions = {},
): Promise<void> {
  const isTerminal = prompt !== undefined;
  const lines = createInterface({
    input,
    ...(isTerminal ? { output: prompt } : {}),
    terminal: isTerminal,
    completer: (line: string) => {
      const [found, last] = completions(session, line);
      return [[...found], last];
    },
    historySize: 1000,
    removeHistoryDuplicates: true,
  });
  const ask = (): void => {
    if (!isTerminal) return;
    lines.setPrompt(`(event ${session.at.toString()}) `);
    lines.prompt();
  };
  // Ctrl-C takes back what stands there; twice, or on an empty line, it ends the session.
  lines.on("SIGINT", () => lines.close());
  let last = "";
  ask();
  for await (const line of lines) {
    if (leaving.test(line)) break;
    const said = line.trim() === "" && isTerminal ? last : line;
    last = moving.test(said) ? said : "";
    if (said.trim() !== "" && !/^\s*#/.test(said)) {
      if (isTerminal) sayAtTerminal(run, session, said, options);
      else tellLine(run, session, said, options);
    }
    ask();
  }
  lines.close();
}

/** At a terminal a line that cannot be is no failure of the program. */
function sayAtTerminal(run: Run, session: Session, line: string, options: SessionOptions): void {
  const fail = (error: InputError): void => run.terminal.out(`${error.message}\n`);
  tellLine({ ...run, fail }, session, line, options);
}
