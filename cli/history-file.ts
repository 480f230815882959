import { stat } from "node:fs/promises";
import type { Setup } from "../events/setup.ts";
import type { LogPrefix } from "../history/index/index-file.ts";
import { worldAt } from "../history/timeline/seek.ts";
import type { Timeline } from "../history/timeline/timeline.ts";
import { append, appendStep, newTimeline } from "../history/timeline/timeline.ts";
import type { World } from "../projections/world.ts";
import { checkEvent, foldSource } from "./folding.ts";
import { findingsOf, prefixOf, readIndex, tellUnbelieved, writeIndex } from "./index-file.ts";
import { InputError } from "./input-error.ts";
import { startProgress } from "./progress.ts";
import { openSource } from "./read.ts";
import type { Run } from "./run.ts";

/** A file as a timeline. */
export interface HistoryFile {
  readonly setup: Setup;
  readonly timeline: Timeline;
  /** Why it ends before the end of the file; everything before that is there. */
  readonly failure: InputError | undefined;
}

const failureOf = ({ cut }: Timeline): InputError | undefined =>
  cut === undefined ? undefined : new InputError(cut);

/** Inputs of a log of which every step is kept: a longer one is folded in parts where asked. */
const keptSteps = 100_000;

/**
 * Folds a file, once, into a timeline that can be asked anything.
 *
 * @param until  number of the last event that is wanted; to the end when missing.
 * @throws InputError when it cannot be opened.
 */
export async function foldHistory(run: Run, file: string, until?: number): Promise<HistoryFile> {
  const source = await openSource(file);
  const from = (start: World): Timeline =>
    newTimeline(start, { judge: findingsOf, keepSteps: keptSteps });
  let begun: Timeline | undefined;
  const { setup, world, failure } = await foldSource(source, run.terminal, {
    step: (step) => {
      begun ??= from(step.before);
      appendStep(begun, step);
    },
    isEnough: () => until !== undefined && begun !== undefined && begun.end.seq >= until,
  });
  const timeline = begun ?? from(world);
  timeline.cut = failure?.message;
  return { setup, timeline, failure };
}

/** Folds what a log has after what a timeline is of. */
async function foldRest(run: Run, file: string, timeline: Timeline): Promise<void> {
  const source = await openSource(file);
  const progress = startProgress(run.terminal, file);
  let known = timeline.inputs.count;
  timeline.cut = undefined;
  try {
    for await (const batch of source.batches) {
      progress.at(source.progress());
      for (const entry of batch) {
        if (!("input" in entry)) continue;
        if (known > 0) known -= 1;
        else append(timeline, entry.input);
      }
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    timeline.cut = error.message;
  } finally {
    progress.done();
    await source.close();
  }
}

async function setupOf(file: string): Promise<Setup> {
  const { setup, close } = await openSource(file);
  await close();
  return setup;
}

/** Folds a file and writes its index beside it. @returns the bytes of the index too. */
export async function makeIndex(
  run: Run,
  file: string,
): Promise<HistoryFile & { readonly bytes: number }> {
  const log = await prefixOf(file);
  const history = await foldHistory(run, file);
  return { ...history, bytes: await writeIndex(file, history.timeline, log) };
}

/** Writes an index anew; where it cannot be written, the answer does not wait for it. */
async function keepIndex(run: Run, file: string, history: HistoryFile, log: LogPrefix) {
  try {
    await writeIndex(file, history.timeline, log);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    run.terminal.err(`${error.message}\n`);
  }
  return history;
}

/**
 * The timeline of a file that has an index beside it: read from that when it is of the file, folded
 * on where the file has grown, and made anew when it is not to be believed.
 *
 * @returns `undefined` when there is no index.
 */
export async function indexedHistory(run: Run, file: string): Promise<HistoryFile | undefined> {
  if (file === "-") return undefined;
  const read = await readIndex(file);
  if (read === undefined) return undefined;
  if (typeof read === "string") {
    tellUnbelieved(run, file, read);
    const log = await prefixOf(file);
    return keepIndex(run, file, await foldHistory(run, file), log);
  }
  const { timeline, log } = read;
  const setup = await setupOf(file);
  if ((await stat(file)).size === log.bytes) {
    return { setup, timeline, failure: failureOf(timeline) };
  }
  const whole = await prefixOf(file);
  await foldRest(run, file, timeline);
  return keepIndex(run, file, { setup, timeline, failure: failureOf(timeline) }, whole);
}

/** A file as a timeline, however it is had: from its index, or folded once. */
export const openHistory = async (run: Run, file: string, until?: number): Promise<HistoryFile> =>
  (await indexedHistory(run, file)) ?? foldHistory(run, file, until);

/** A world of a file, and why it is not the one that was asked for. */
export interface FileMoment {
  readonly world: World;
  readonly failure: InputError | undefined;
}

/**
 * The world after an event of a file, or at its end.
 *
 * @throws InputError when the file is good and has fewer events.
 */
export function momentOf(
  { timeline, failure }: HistoryFile,
  file: string,
  at: number | undefined,
): FileMoment {
  if (at === undefined) return { world: timeline.end, failure };
  const world = worldAt(timeline, at);
  // What is wrong with the file after the event is of no concern.
  if (world !== undefined) return { world, failure: undefined };
  if (failure === undefined) checkEvent(file, timeline.end.seq, at);
  return { world: timeline.end, failure };
}
