import pc from "picocolors";
import { runProgram } from "../cli/program.ts";

/** What a command of this project prints to a pipe, errors too. */
async function outputOf(command: string): Promise<string> {
  const words = command.split(" ");
  if (words[0] !== "npx" || words[1] !== "shadowfold") throw new Error(`not ours: ${command}`);
  let text = "";
  const write = (more: string): void => {
    text += more;
  };
  const colours = pc.createColors(false);
  await runProgram(words.slice(2), { out: write, err: write, colours, drawsProgress: false });
  return text.trimEnd();
}

/**
 * What stands below a command: what it prints. Where the page has `…` as its first or last line, as
 * many lines of the end or the beginning as stand there now.
 */
async function blockOf(command: string, old: readonly string[]): Promise<readonly string[]> {
  const lines = (await outputOf(command)).split("\n");
  const shown = old.length - 1;
  if (old[0] === "…" && shown > 0) return [`$ ${command}`, "…", ...lines.slice(-shown)];
  const cut = old.at(-1) === "…" ? shown : lines.length;
  return [`$ ${command}`, ...lines.slice(0, cut), ...(cut < lines.length ? ["…"] : [])];
}

/**
 * A page with what its commands print now. A command is a line that begins with `$ ` in a fenced
 * block; the lines below it, up to the next command or the end of the block, are its output.
 */
export async function withOutputs(page: string): Promise<string> {
  const lines: string[] = [];
  let command: string | undefined;
  let old: string[] = [];
  const finish = async (): Promise<void> => {
    if (command === undefined) return;
    // An empty line keeps two commands of one block apart.
    const gap = old.at(-1) === "" ? [old.pop() ?? ""] : [];
    lines.push(...(await blockOf(command, old)), ...gap);
    [command, old] = [undefined, []];
  };
  for (const line of page.split("\n")) {
    const next = /^\$ (.*)$/.exec(line)?.[1];
    if (next !== undefined || line.startsWith("```")) await finish();
    if (next !== undefined) command = next;
    else if (command === undefined) lines.push(line);
    else old.push(line);
  }
  return lines.join("\n");
}

/** The pages whose commands are run: their names in `docs/`. */
export const pagesWithCommands = [
  "nesting.md",
  "traces.md",
  "explain.md",
  "host-calls.md",
] as const;
