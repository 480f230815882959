import { Worker } from "node:worker_threads";
import type { Plugin } from "esbuild";
import type { Catch, Chase } from "./chase.ts";
import { withMutant } from "./mutant.ts";

/** A mutant that never ends, or takes all memory: a test that meets it fails. */
const endless = (seconds: number): Catch => ({
  ...{ law: "no end", text: "something goes on and on", runs: 0, inputs: 0, shrunk: 0 },
  seconds,
});

const megabytes = 768;

/** Chases the mistake of a bundle in a thread of its own, so that one that never ends is ended. */
function inThread(file: string, how: Chase): Promise<Catch | undefined> {
  const start = performance.now();
  const passed = (): number => (performance.now() - start) / 1000;
  const worker = new Worker(file, {
    workerData: how,
    resourceLimits: { maxOldGenerationSizeMb: megabytes },
  });
  return new Promise((resolve, reject) => {
    const patience = (how.seconds + how.shrinking) * 1.5 + 10;
    const timer = setTimeout(() => resolve(endless(passed())), patience * 1000);
    worker.once("message", resolve);
    worker.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY") resolve(endless(passed()));
      else reject(error);
    });
    worker.once("exit", () => clearTimeout(timer));
  }).finally(() => worker.terminate()) as Promise<Catch | undefined>;
}

/**
 * Chases one mistake, or none, with the laws over generated worlds.
 *
 * @returns what caught it; `undefined` when nothing did.
 */
export const chaseMutant = (mistake: Plugin | undefined, how: Chase): Promise<Catch | undefined> =>
  withMutant("properties/hunt/chase-worker.ts", mistake, (file) => inThread(file, how));
