import type { Input } from "../events/input.ts";
import { printable } from "../events/printable.ts";
import type { ProfileWords } from "../events/profile/profile.ts";
import type { GuestSetup } from "../events/setup.ts";
import type { Comparison } from "./compare.ts";
import { compare } from "./compare.ts";
import { Misbehaviour } from "./connection/connection.ts";
import type { Ability } from "./implementation.ts";
import type { Known } from "./known.ts";
import { ProgramError } from "./program-error.ts";
import { setupOf } from "./setup.ts";
import type { Sight, Steps } from "./sight.ts";
import type { EndSignal, Starting, Target, TargetPlan } from "./target.ts";

/** How one program went: compared, or the target ended. */
export interface ProgramRun {
  readonly steps: Steps;
  readonly sight?: Sight;
  readonly comparison?: Comparison;
  readonly death?: string;
  /** Which step it did not survive, where that is known. */
  readonly diedAt?: number;
  /** Whether it said nothing for too long, and may only be slow. */
  readonly isSilent?: boolean;
}

/** Something that the target does and that is neither right nor known. */
export interface Finding extends ProgramRun {
  readonly setup: GuestSetup;
  readonly inputs: readonly Input[];
  readonly seed: number;
  /** Which program of the seed, from 0. */
  readonly index: number;
}

/** A target that is started again when it ends. */
export interface Lane {
  readonly setup: GuestSetup;
  readonly words: ProfileWords;
  /** What the target calls itself, where it says so. */
  readonly title: string | undefined;
  readonly can: ReadonlySet<Ability>;
  /**
   * Gives inputs to the target and compares.
   *
   * @throws ProgramError when it is ended meanwhile from outside.
   */
  readonly run: (inputs: readonly Input[]) => Promise<ProgramRun>;
  readonly stop: () => Promise<void>;
}

/** Of an end that no request is known to have led to. */
const noPlace = { index: undefined, isSilent: false };

/** Programs that one process of the target runs, at most. */
const programsEach = 2000;

/**
 * Starts a target, to run programs one after another.
 *
 * @throws ProgramError when it does not start.
 */
export async function openLane(
  target: TargetPlan,
  known: Known,
  starting: Starting = {},
): Promise<Lane> {
  let current: Target = await target.start(starting);
  let left = programsEach;
  const setup = setupOf(current.words);
  const renew = async (): Promise<void> => {
    await current.stop();
    current = await target.start(starting);
    left = programsEach;
  };
  const run = async (inputs: readonly Input[]): Promise<ProgramRun> => {
    const steps = target.fit(inputs);
    left -= 1;
    if (left <= 0) await renew();
    try {
      const sight = await current.perform(steps);
      return { steps, sight, comparison: compare(setup, steps, sight, known) };
    } catch (error) {
      if (!(error instanceof ProgramError) || starting.end?.aborted) throw error;
      // One that does not start again is told by what it did before.
      await renew().catch((failed: unknown) => {
        if (!(failed instanceof ProgramError)) throw failed;
      });
      const { index: diedAt, isSilent } = error instanceof Misbehaviour ? error : noPlace;
      const at = diedAt === undefined ? {} : { diedAt };
      return { steps, death: printable(error.message), ...at, isSilent };
    }
  };
  const { words, title, can } = current;
  return { setup, words, title, can, run, stop: () => current.stop() };
}

/** What work comes to; nothing where it fails because somebody ends the target. */
export async function unlessStopped<T>(work: Promise<T>, stop?: EndSignal): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (stop?.aborted && error instanceof ProgramError) return undefined;
    throw error;
  }
}

/** Whether an outcome is something that nobody knows. */
export const isFinding = ({ comparison, death }: ProgramRun): boolean =>
  death !== undefined || comparison?.difference !== undefined;
