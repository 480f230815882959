import { spawn } from "node:child_process";
import { join } from "node:path";
import { env, execPath } from "node:process";
import type { TurnedTarget } from "../bugs/turn-target.ts";
import { projectFolder } from "../project-folder.ts";

/** What the examples make of a mutant. */
export interface Failure {
  /** The first test that fails, or `no end`. */
  readonly test: string;
  readonly seconds: number;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

/** The tests that are run: those that show each rule in a small world. */
const shown = ["properties/examples"];

const patience = 180;

/** The first failure that a report of the test runner tells of. */
function firstFailure(text: string): string {
  const { testResults } = JSON.parse(text) as Report;
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === "failed");
  return failed?.title ?? testResults.find(({ message }) => message)?.message ?? "no test ends";
}

/**
 * Runs the example tests with one target turned; the configuration of the test runner reads which.
 *
 * @returns the first that fails; `undefined` when all pass.
 */
export function failingExample(mutant: TurnedTarget): Promise<Failure | undefined> {
  const folder = projectFolder();
  const vitest = join(folder, "node_modules/vitest/vitest.mjs");
  const start = performance.now();
  const child = spawn(execPath, [vitest, "run", "--reporter=json", "--bail=1", ...shown], {
    cwd: folder,
    env: { ...env, SHADOWFOLD_TURNED: JSON.stringify(mutant) },
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const texts: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => texts.push(text));
  return new Promise((resolve) => {
    const seconds = (): number => (performance.now() - start) / 1000;
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      resolve({ test: "no end", seconds: seconds() });
    }, patience * 1000);
    child.once("close", (code) => {
      clearTimeout(timer);
      const test = code === 0 ? undefined : firstFailure(texts.join(""));
      resolve(test === undefined ? undefined : { test, seconds: seconds() });
    });
  });
}
