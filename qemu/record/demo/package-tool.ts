import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { ProgramError } from "../../../target/program-error.ts";

const limitMs = 300_000;

/** What to do where Debian's tools or its archive are missing. */
export const offered =
  "--packages DIR takes a folder with Debian's linux-image-…_amd64.deb and busybox-static_….deb";

/** Kills a program and those that it started, which are a group of their own. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/**
 * Runs one of Debian's tools to its end and gives what it printed. It ends with this process.
 *
 * @throws ProgramError in one line when there is no such program, it fails, or it takes 5 minutes.
 */
export async function runTool(
  program: string,
  words: readonly string[],
  folder = ".",
): Promise<string> {
  const child = spawn(program, words, {
    cwd: folder,
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let [out, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const kill = (): void => killGroup(child);
  const limit = setTimeout(kill, limitMs);
  // Before what the program works on is removed.
  process.prependOnceListener("exit", kill);
  try {
    const ended = await new Promise<number | null | Error>((resolve) => {
      child.once("error", resolve);
      child.once("close", resolve);
    });
    if (ended === 0) return out;
    if (ended instanceof Error) throw new ProgramError(`${program} is not installed; ${offered}`);
    const lines = errors.split("\n").filter((line) => /^(E:|dpkg)/.test(line));
    throw new ProgramError(`${program} failed: ${lines.at(-1) ?? "no reason given"}; ${offered}`);
  } finally {
    clearTimeout(limit);
    process.off("exit", kill);
  }
}
