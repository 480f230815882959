import { Worker } from "node:worker_threads";
import type { Bug } from "../../properties/bugs/bug.ts";
import type { UnitWords } from "../../target/implementation.ts";
import type { Bundler } from "./bundler.ts";
import { startBundler } from "./bundler.ts";
import type { Batch, OtherAnswers, Questions, Trial } from "./mutant-worker.ts";

/** The model with a mistake in it. */
export interface Mutant {
  /** The first few of some vectors that it fails, by place. One that it never answers is one. */
  readonly failed: (trials: readonly Trial[], most: number) => Promise<readonly number[]>;
  /** The questions that it answers otherwise than the model does. */
  readonly others: (questions: readonly Questions[]) => Promise<readonly OtherAnswers[]>;
}

/** What a unit's registers say of it. */
export const wordsOf = ({ ver, cap, ecap }: UnitWords): UnitWords => ({ ver, cap, ecap });

const patienceMs = 60_000;
const megabytes = 512;

/** How many are asked at once. */
const batchSize = 16;

/** A worker that is started again when it does not come to an end. @returns what it found. */
function startWorker(file: string) {
  let waiting: ((found: readonly unknown[] | undefined) => void) | undefined;
  const start = (): Worker => {
    const started = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: megabytes } });
    started.on("message", (found: readonly unknown[]) => waiting?.(found));
    started.on("error", () => waiting?.(undefined));
    return started;
  };
  let worker = start();
  const exchange = (batch: Batch): Promise<readonly unknown[] | undefined> =>
    new Promise((resolve) => {
      const current = worker;
      const timer = setTimeout(() => waiting?.(undefined), patienceMs);
      waiting = (found) => {
        waiting = undefined;
        clearTimeout(timer);
        if (found === undefined) {
          void current.terminate();
          worker = start();
        }
        resolve(found);
      };
      current.postMessage(batch);
    });
  const stop = async (): Promise<void> => {
    await worker.terminate();
  };
  return { exchange, stop };
}

/** The bundlers that nobody uses right now. */
const idle: Bundler[] = [];

/** Ends what was started to run models with bugs. */
export async function stopModels(): Promise<void> {
  await Promise.all(idle.splice(0).map((each) => each.stop()));
}

/** Runs the model with a bug, or without any, in a thread of its own. */
export async function withModel<Result>(
  bug: Bug | undefined,
  use: (mutant: Mutant) => Promise<Result>,
): Promise<Result> {
  const bundler = idle.pop() ?? (await startBundler("vectors/select/mutant-worker.ts"));
  const { exchange, stop } = startWorker(await bundler.bundle(bug));
  try {
    return await use(mutantBy(exchange));
  } finally {
    await stop();
    idle.push(bundler);
  }
}

/** The model with a mistake, by the thread that runs it. */
function mutantBy(exchange: (batch: Batch) => Promise<readonly unknown[] | undefined>): Mutant {
  const failed: Mutant["failed"] = async (trials, most) => {
    const all: number[] = [];
    for (let from = 0; from < trials.length && all.length < most; from += batchSize) {
      const some = trials.slice(from, from + batchSize);
      const found = await exchange({ trials: some, most: most - all.length });
      // Of several that do not come to an end together one is to blame.
      if (found !== undefined) all.push(...(found as number[]).map((index) => from + index));
      else if (some.length === 1) all.push(from);
      else {
        for (const [index, trial] of some.entries()) {
          if ((await exchange({ trials: [trial], most: 1 }))?.length !== 0) all.push(from + index);
        }
      }
    }
    return all.slice(0, most);
  };
  const others: Mutant["others"] = async (questions) => {
    const all: OtherAnswers[] = [];
    for (const [index, question] of questions.entries()) {
      const found = await exchange({ questions: [question] });
      if (found === undefined) all.push({ index, answers: undefined });
      else all.push(...(found as OtherAnswers[]).map((each) => ({ ...each, index })));
    }
    return all;
  };
  return { failed, others };
}
