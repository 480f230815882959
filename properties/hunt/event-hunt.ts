import { Worker } from "node:worker_threads";
import type { EventMutant } from "../bugs/event-mutant.ts";
import { withMutant } from "./mutant.ts";
import type { Noticed, Noticing } from "./notice.ts";
import { turnable } from "./turned-events.ts";

const megabytes = 1024;

/** Told of each mutant as it was dealt with. */
export type Tell = (mutant: EventMutant, noticed: Noticed) => void;

/**
 * Deals with mutants, one after the other, in a thread of its own.
 *
 * @returns how many were dealt with before the thread ended; one that takes all memory ends it.
 */
function inThread(
  file: string,
  mutants: readonly EventMutant[],
  how: Noticing,
  tell: Tell,
): Promise<number> {
  let done = 0;
  const worker = new Worker(file, {
    workerData: { mutants, how },
    resourceLimits: { maxOldGenerationSizeMb: megabytes },
  });
  return new Promise((resolve, reject) => {
    worker.on("message", (noticed: Noticed) => {
      const mutant = mutants[done];
      done += 1;
      if (mutant !== undefined) tell(mutant, noticed);
    });
    worker.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") reject(error);
    });
    worker.once("exit", () => resolve(done));
  });
}

/** Turns facts and fields of registers, one at a time, and asks which laws notice each. */
export const huntEvents = (
  mutants: readonly EventMutant[],
  how: Noticing,
  tell: Tell,
): Promise<void> =>
  withMutant("properties/hunt/notice-worker.ts", turnable, async (file) => {
    let left = mutants;
    while (left.length > 0) {
      const done = await inThread(file, left, how, tell);
      const [endless] = left.slice(done);
      if (endless !== undefined) tell(endless, { laws: ["WO3"], worlds: 1 });
      left = left.slice(done + 1);
    }
  });
