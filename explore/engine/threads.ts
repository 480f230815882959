import { Worker } from "node:worker_threads";
import type { Batch, Range } from "./batch.ts";
import type { Configuration } from "./configuration.ts";
import type { Bounds, Ending, Kept, Outcome, Progress, Searching } from "./search.ts";
import { begin, keptFor, outcomeOf, progressOf, rangesOf, takeOver } from "./search.ts";

/** What a thread is told when it begins. */
export interface ThreadData {
  /** Marks a thread of a search, since threads of other kinds may run the same file. */
  readonly explores: string;
  readonly symmetric: boolean;
  readonly kept: Kept;
}

/** Ranges that a thread has at a time: it never waits for the next. */
const ahead = 2;

interface Lane {
  readonly look: (range: Range) => Promise<Batch>;
  readonly stop: () => Promise<unknown>;
}

/** Room for what lives shortly: most of what a fold makes. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

/** A thread that looks at states. */
function openLane(file: URL, workerData: ThreadData): Lane {
  const worker = new Worker(file, { workerData, resourceLimits });
  const waiting: { done: (batch: Batch) => void; fail: (error: Error) => void }[] = [];
  worker.on("message", (batch: Batch) => waiting.shift()?.done(batch));
  worker.on("error", (error: Error) => {
    for (const { fail } of waiting.splice(0)) fail(error);
  });
  return {
    look: (range) =>
      new Promise((done, fail) => {
        waiting.push({ done, fail });
        worker.postMessage(range);
      }),
    stop: () => worker.terminate(),
  };
}

/** Looks at the states of one depth with all threads, and takes over in the order of states. */
async function lookAt(
  searching: Searching,
  lanes: readonly Lane[],
  ranges: Iterable<Range>,
  watch: (progress: Progress) => boolean,
): Promise<readonly [Ending, Batch] | undefined> {
  const queue: { readonly range: Range; readonly batch: Promise<Batch> }[] = [];
  const left = ranges[Symbol.iterator]();
  let sent = 0;
  const send = (): void => {
    const { value: range, done } = left.next();
    const lane = lanes[sent % lanes.length];
    if (done === true || lane === undefined) return;
    sent += 1;
    queue.push({ range, batch: lane.look(range) });
  };
  for (let count = 0; count < lanes.length * ahead; count++) send();
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { depth, to } = next.range;
    const batch = await next.batch;
    const ending = takeOver(searching, batch, depth);
    const goesOn = watch(progressOf(searching, depth, to));
    if (ending !== undefined || !goesOn) {
      await Promise.allSettled(queue.map(({ batch: other }) => other));
      return [ending ?? "stopped", batch];
    }
    send();
  }
  return undefined;
}

/**
 * The same search with several threads. What it comes to is the same.
 *
 * @param file  what the threads run: it calls `serveSearch`.
 */
export async function searchWithThreads(
  configuration: Configuration,
  bounds: Bounds,
  threads: { readonly count: number; readonly file: URL },
  watch: (progress: Progress) => boolean = () => true,
): Promise<Outcome> {
  const kept = keptFor(bounds.states);
  const searching = begin(configuration, bounds, kept);
  const { visited } = searching;
  const data = { explores: configuration.name, symmetric: bounds.symmetric, kept };
  const lanes = Array.from({ length: threads.count }, () => openLane(threads.file, data));
  try {
    let from = 0;
    for (let depth = 0; from < visited.size(); depth++) {
      if (depth === bounds.depth) return outcomeOf(searching, "depth");
      const to = visited.size();
      const ended = await lookAt(searching, lanes, rangesOf(from, to, depth), watch);
      if (ended !== undefined) return outcomeOf(searching, ended[0], ended[1].wrong);
      from = to;
    }
    return outcomeOf(searching, "complete");
  } finally {
    await Promise.all(lanes.map(({ stop }) => stop()));
  }
}
