import { findQemu } from "../../qemu/binary.ts";
import type { Played, Playing } from "../../qemu/fuzz/play.ts";
import { playScript, traceCommand } from "../../qemu/fuzz/play.ts";
import { ProgramError } from "../../target/program-error.ts";
import { InputError } from "../input-error.ts";
import { renderJson } from "../render/json.ts";
import type { Run } from "../run.ts";

/** One answer beside what the script says of it. */
function answerLines({ command, answer, recorded, expected }: Played): readonly string[] {
  const isTrace = command === traceCommand;
  if (isTrace && answer === "" && recorded === "" && expected === undefined) return [];
  const notes: string[] = [];
  if (recorded !== undefined && recorded !== answer) notes.push(`recorded: ${recorded}`);
  if (expected !== undefined && expected !== answer) notes.push(`the model: ${expected}`);
  const short = command.length > 72 ? `${command.slice(0, 69)}...` : command;
  const told = answer === "" ? "nothing" : answer.replaceAll("\n", "\n    ");
  return [`${short}\n    ${told}`, ...notes.map((note) => `    ${note}`)];
}

/**
 * What a playing came to: `shown`, QEMU answers as was recorded, and so not as the model expects;
 * `gone`, it answers as the model expects; `other`, it does neither.
 */
type Verdict = "shown" | "gone" | "other";

function verdictOf({ played, death, isDeadly }: Playing): Verdict {
  if (isDeadly || death !== undefined) {
    if (isDeadly && death !== undefined) return "shown";
    return isDeadly ? "gone" : "other";
  }
  const isAs = (pick: (one: Played) => string | undefined): boolean =>
    played.every((one) => (pick(one) ?? one.answer) === one.answer);
  if (isAs(({ recorded }) => recorded)) return "shown";
  // Of a trace the script says in words what the model does: it has changed, at least.
  const isRight = isAs(({ command, recorded, expected }) =>
    expected === undefined ? recorded : command === traceCommand ? undefined : expected,
  );
  return isRight ? "gone" : "other";
}

const verdicts: Readonly<Record<Verdict, string>> = {
  shown: "QEMU does what the script says: it differs from the model.",
  gone: "QEMU does what the model expects, not what the script was recorded with.",
  other: "QEMU does neither what the script was recorded with nor what the model expects.",
};

function render(playing: Playing): string {
  const lines = playing.played.flatMap(answerLines);
  const { death } = playing;
  const end = death === undefined ? [] : [`QEMU ended: ${death}`];
  return `${[...lines, ...end, "", verdicts[verdictOf(playing)]].join("\n")}\n`;
}

/**
 * Plays a script against QEMU alone and prints answers beside expectations, and a verdict. The exit
 * code will be 1 where QEMU does not do what the model expects.
 */
export async function playFile(
  run: Run,
  { file, text }: { readonly file: string; readonly text: string },
  options: { readonly qemu?: string; readonly json?: true },
): Promise<void> {
  try {
    const playing = await playScript(await findQemu(options.qemu), text);
    const verdict = verdictOf(playing);
    run.terminal.out(options.json ? renderJson({ verdict, ...playing }) : render(playing));
    if (verdict !== "gone") run.differ();
  } catch (error) {
    if (error instanceof ProgramError && error.message.startsWith("is no")) {
      throw new InputError(`${file}: ${error.message}`);
    }
    throw error;
  }
}
