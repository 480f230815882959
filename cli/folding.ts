import { ProfileError } from "../events/profile/profile-check.ts";
import type { Setup } from "../events/setup.ts";
import type { Step } from "../history/step.ts";
import { stepOf, stepUntil } from "../history/step.ts";
import { createWorld, SetupError } from "../hypervisor/create-world.ts";
import type { World } from "../projections/world.ts";
import { InputError, lineError } from "./input-error.ts";
import { startProgress } from "./progress.ts";
import type { FactEntry, Source } from "./read.ts";
import { openSource } from "./read.ts";
import type { Terminal } from "./terminal.ts";

/** Told what happens while a file is folded. */
export interface Watcher {
  /** An input was folded; `line` is its place in the file. */
  readonly step?: (step: Step, line: number) => Promise<void> | void;
  /** The file has a fact, which the fold ignores. It follows the input that it belongs to. */
  readonly recorded?: (entry: FactEntry) => void;
  /** Asked before each input: whether no more of them are wanted. */
  readonly isEnough?: () => boolean;
}

/** What came of folding a file. */
export interface Folded {
  readonly setup: Setup;
  /** The state after the last event that was folded. */
  readonly world: World;
  readonly inputs: number;
  readonly facts: number;
  /** Why the fold ended before the end of the file; everything before that is folded. */
  readonly failure: InputError | undefined;
}

/**
 * The world at the start of a file.
 *
 * @throws InputError when the set-up cannot be; the file is closed then.
 */
export async function worldOf({ file, setup, close }: Source): Promise<World> {
  try {
    return createWorld(setup);
  } catch (error) {
    await close();
    const isSetup = error instanceof ProfileError || error instanceof SetupError;
    if (isSetup) throw lineError(file, 1, error.message);
    throw error;
  }
}

/**
 * Folds a file that has been opened.
 *
 * @param until  number of the last event to take in; to the end when missing.
 * @returns what was folded, also when the file turned out to be bad in the middle.
 */
export async function foldSource(
  source: Source,
  terminal: Terminal,
  watcher: Watcher,
  until = Number.POSITIVE_INFINITY,
): Promise<Folded> {
  const { file, setup } = source;
  let world = await worldOf(source);
  let [inputs, facts] = [0, 0];
  const progress = startProgress(terminal, file);
  const result = (failure?: InputError): Folded => ({
    setup,
    world,
    inputs,
    facts,
    failure,
  });
  try {
    for await (const batch of source.batches) {
      progress.at(source.progress());
      for (const entry of batch) {
        if (!("input" in entry)) {
          watcher.recorded?.(entry);
          continue;
        }
        if (world.seq >= until || watcher.isEnough?.() === true) return result();
        const step = stepUntil(stepOf(world, entry.input), until);
        world = step.after;
        inputs += 1;
        facts += step.facts.length;
        const waiting = watcher.step?.(step, entry.line);
        if (waiting !== undefined) await waiting;
      }
    }
  } catch (error) {
    if (error instanceof InputError) return result(error);
    throw error;
  } finally {
    progress.done();
    await source.close();
  }
  return result();
}

/**
 * Folds a file up to event `until`, or to its end, or to where it turns out to be bad.
 *
 * @throws InputError when it cannot be opened, or is good and has fewer events than `until`.
 */
export async function foldFile(
  file: string,
  terminal: Terminal,
  watcher: Watcher,
  until?: number,
): Promise<Folded> {
  const folded = await foldSource(await openSource(file), terminal, watcher, until);
  const { world, failure } = folded;
  if (until === undefined) return folded;
  // What is wrong with the file after the event is of no concern.
  if (world.seq >= until) return { ...folded, failure: undefined };
  if (failure === undefined) checkEvent(file, world.seq, until);
  return folded;
}

/**
 * Checks that a file whose last event is `last` has the event `seq`.
 *
 * @throws InputError when it has not.
 */
export function checkEvent(file: string, last: number, seq: number): void {
  if (seq <= last) return;
  const known = last.toString();
  throw new InputError(`${file}: there is no event ${seq.toString()}; the last one is ${known}`);
}
