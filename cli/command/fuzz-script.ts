import type { Playing } from "../../qemu/fuzz/play.ts";
import { playScript, traceCommand } from "../../qemu/fuzz/play.ts";
import { findQemu, QemuError } from "../../qemu/process.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";

/** Every command with what it is answered, what it was, and what the model expects. */
function render({ played, death }: Playing): string {
  const lines = played.flatMap(({ command, answer, recorded, expected }) => {
    const isTrace = command === traceCommand;
    if (isTrace && answer === "" && recorded === "" && expected === undefined) return [];
    const notes: string[] = [];
    if (recorded !== undefined && recorded !== answer) notes.push(`recorded: ${recorded}`);
    if (expected !== undefined && expected !== answer) notes.push(`the model: ${expected}`);
    const short = command.length > 72 ? `${command.slice(0, 69)}...` : command;
    const told = answer === "" ? "nothing" : answer.replaceAll("\n", "\n    ");
    return [`${short}\n    ${told}`, ...notes.map((note) => `    ${note}`)];
  });
  return `${[...lines, ...(death === undefined ? [] : [`QEMU ended: ${death}`])].join("\n")}\n`;
}

/**
 * Plays a script against QEMU alone and prints answers beside expectations. The exit code will be 1
 * where QEMU does not answer as the model expects.
 */
export async function playFile(
  run: Run,
  { file, text }: { readonly file: string; readonly text: string },
  options: { readonly qemu?: string; readonly json?: true },
): Promise<void> {
  try {
    const playing = await playScript(await findQemu(options.qemu), text);
    run.terminal.out(options.json ? renderJson(playing) : render(playing));
    const differs = playing.played.some(
      ({ answer, expected }) => expected !== undefined && expected !== answer,
    );
    if (differs || playing.death !== undefined) run.differ();
  } catch (error) {
    if (error instanceof QemuError && error.message.startsWith("is no")) {
      throw new InputError(`${file}: ${error.message}`);
    }
    throw error;
  }
}
