import { fileURLToPath } from "node:url";
import pc from "picocolors";
import { runProgram } from "../program.ts";

/** The path of a recording that comes with the project. */
export const recordingPath = (name: string): string =>
  fileURLToPath(new URL(`../../recordings/${name}.jsonl.gz`, import.meta.url));

/** What one run of the program said, and its exit code. */
export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program without a terminal and collects what it says. For tests. */
export async function captureRun(...words: readonly string[]): Promise<Captured> {
  let [out, err] = ["", ""];
  const code = await runProgram(words, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    colours: pc.createColors(false),
    drawsProgress: false,
  });
  return { code, out, err };
}
