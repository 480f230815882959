import { join } from "node:path";
import { deathOf, startProgram } from "../../target/process.ts";
import { ProgramError } from "../../target/program-error.ts";
import type { QemuBinary } from "../binary.ts";
import { connectTo, qtestClient } from "../qtest/client.ts";
import { files, qemuWords } from "../qtest/machine.ts";
import { renamedOptions } from "../unit-options.ts";
import { follow } from "./session.ts";

/**
 * One command of a script, what QEMU answers now, and what the script says of it; or, with the
 * command `trace`, what QEMU traced during the commands of one step.
 */
export interface Played {
  readonly line: number;
  readonly command: string;
  /** The answer; lines with line ends between them of a trace. */
  readonly answer: string;
  /** What it says that QEMU answers. */
  readonly recorded: string | undefined;
  /** What it says that the model expects, where that is something else. */
  readonly expected: string | undefined;
}

/** How a script went. */
export interface Playing {
  readonly played: readonly Played[];
  /** How QEMU ended, if it did. */
  readonly death: string | undefined;
  /** Whether the script says that it ends. */
  readonly isDeadly: boolean;
}

interface Command {
  readonly line: number;
  readonly text: string;
  recorded?: string;
  expected?: string;
  /** The answer for which it is repeated. */
  until?: string;
}

/** Stands for a look at the trace. */
export const traceCommand = "trace";

function appendTo(command: Command, line: string): void {
  const { recorded } = command;
  command.recorded = recorded === undefined ? line : `${recorded}\n${line}`;
}

/**
 * Reads a script.
 *
 * @throws ProgramError when it has no commands or names no options of the unit.
 */
export function parseScript(text: string): {
  readonly unitOptions: string;
  readonly commands: readonly Command[];
  readonly isDeadly: boolean;
} {
  const commands: Command[] = [];
  let unitOptions: string | undefined;
  let isDeadly = false;
  for (const [index, line] of text.split("\n").entries()) {
    const last = commands.at(-1);
    const rest = line.slice(3);
    const trace = (): Command => {
      if (last?.text === traceCommand) return last;
      const added = { line: index + 1, text: traceCommand };
      commands.push(added);
      return added;
    };
    unitOptions ??= /^# unit-options: (\S+)$/.exec(line)?.[1];
    if (line.startsWith("#x ")) isDeadly = true;
    else if (line.startsWith("#=") && last !== undefined) last.recorded = rest;
    else if (line.startsWith("#!") && last !== undefined) last.expected = rest;
    else if (line.startsWith("#~") && last !== undefined) last.until = rest;
    else if (line.startsWith("#t")) appendTo(trace(), rest);
    else if (line.startsWith("#T")) trace().expected = rest;
    // Where a step traced nothing, that is worth a look too.
    else if (line === "" && last !== undefined) trace().recorded ??= "";
    else if (line !== "" && !line.startsWith("#")) commands.push({ line: index + 1, text: line });
  }
  if (unitOptions === undefined || commands.length === 0) {
    throw new ProgramError(
      "is no qtest script of this program: it names no options or no commands",
    );
  }
  // Of a QEMU that ended nobody has seen a trace.
  const told = isDeadly ? commands.filter((each) => each.text !== traceCommand) : commands;
  return { unitOptions, commands: told, isDeadly };
}

const mostRepeats = 20_000;

/** The lines of a trace that a script has: all but those of register writes. */
const stepTrace = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("vtd_reg_write"))
    .join("\n");

/**
 * Plays a script against QEMU alone, one command at a time.
 *
 * @throws ProgramError when the script cannot be read or QEMU does not start.
 */
export async function playScript(binary: QemuBinary, text: string): Promise<Playing> {
  const { unitOptions, commands, isDeadly } = parseScript(text);
  const own = renamedOptions(binary, unitOptions);
  const words = (folder: string): readonly string[] => qemuWords(folder, own);
  const running = await startProgram(binary.path, words, { seconds: 120 });
  const played: Played[] = [];
  let death: string | undefined;
  try {
    const socket = await connectTo(join(running.folder, files.qtest), running.hasEnded);
    const client = qtestClient(socket);
    const traceSince = follow(join(running.folder, files.log));
    for (const { line, text: command, recorded, expected, until } of commands) {
      if (command === traceCommand) {
        const answer = stepTrace(traceSince() ?? "");
        played.push({ line, command, answer, recorded: recorded ?? "", expected });
        continue;
      }
      let [answer = ""] = await client.exchange([command]);
      for (let turn = 0; until !== undefined && answer !== until && turn < mostRepeats; turn++) {
        [answer = ""] = await client.exchange([command]);
      }
      played.push({ line, command, answer, recorded: recorded ?? until, expected });
    }
    client.close();
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
    if (!running.hasEnded()) throw error;
    const ending = deathOf(binary.path, running, await running.ended);
    // One that never answered was not started as the script wants it.
    if (played.length === 0) throw ending;
    death = ending.message;
  } finally {
    await running.stop();
  }
  return { played, death, isDeadly };
}
