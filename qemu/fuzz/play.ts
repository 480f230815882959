import { join } from "node:path";
import type { QemuBinary } from "../process.ts";
import { deathOf, QemuError, startProgram } from "../process.ts";
import { connectTo, qtestClient } from "../qtest/client.ts";
import { files, qemuWords } from "../qtest/machine.ts";

/** One command of a script, what QEMU answers now, and what the script says of it. */
export interface Played {
  readonly line: number;
  readonly command: string;
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

/**
 * Reads a script.
 *
 * @throws QemuError when it has no commands or names no options of the unit.
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
    unitOptions ??= /^# unit-options: (\S+)$/.exec(line)?.[1];
    if (line.startsWith("#x ")) isDeadly = true;
    else if (line.startsWith("#=") && last !== undefined) last.recorded = rest;
    else if (line.startsWith("#!") && last !== undefined) last.expected = rest;
    else if (line.startsWith("#~") && last !== undefined) last.until = rest;
    else if (line !== "" && !line.startsWith("#")) commands.push({ line: index + 1, text: line });
  }
  if (unitOptions === undefined || commands.length === 0) {
    throw new QemuError("is no qtest script of this program: it names no options or no commands");
  }
  return { unitOptions, commands, isDeadly };
}

const mostRepeats = 20_000;

/**
 * Plays a script against QEMU alone, one command at a time.
 *
 * @throws QemuError when the script cannot be read or QEMU does not start.
 */
export async function playScript(binary: QemuBinary, text: string): Promise<Playing> {
  const { unitOptions, commands, isDeadly } = parseScript(text);
  const words = (folder: string): readonly string[] => qemuWords(folder, unitOptions);
  const running = await startProgram(binary.path, words, { seconds: 120 });
  const played: Played[] = [];
  let death: string | undefined;
  try {
    const socket = await connectTo(join(running.folder, files.qtest), running.hasEnded);
    const client = qtestClient(socket);
    for (const { line, text: command, recorded, expected, until } of commands) {
      let [answer = ""] = await client.exchange([command]);
      for (let turn = 0; until !== undefined && answer !== until && turn < mostRepeats; turn++) {
        [answer = ""] = await client.exchange([command]);
      }
      played.push({ line, command, answer, recorded: recorded ?? until, expected });
    }
    client.close();
  } catch (error) {
    if (!(error instanceof QemuError)) throw error;
    await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, 1000))]);
    if (!running.hasEnded()) throw error;
    death = deathOf(binary.path, running, await running.ended).message;
  } finally {
    await running.stop();
  }
  return { played, death, isDeadly };
}
