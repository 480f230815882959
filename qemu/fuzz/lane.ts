import type { Input } from "../../events/input.ts";
import type { ProfileWords } from "../../events/profile/profile.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { Known } from "../deviation/known-in.ts";
import { QemuError } from "../process.ts";
import type { Comparison } from "./compare.ts";
import { compare } from "./compare.ts";
import type { Plan } from "./plan.ts";
import { planOf } from "./plan.ts";
import { setupOf } from "./setup.ts";
import type { Sight } from "./sight.ts";
import type { Target, TargetPlan } from "./target.ts";
import { startTarget } from "./target.ts";

/** How one program went: compared, or the target ended. */
export interface ProgramRun {
  readonly plan: Plan;
  readonly sight?: Sight;
  readonly comparison?: Comparison;
  readonly death?: string;
}

/** Something that the target does and that is neither right nor known. */
export interface Finding extends ProgramRun {
  readonly inputs: readonly Input[];
  readonly seed: number;
  /** Which program of the seed, from 0. */
  readonly index: number;
}

/** A target that is started again when it ends. */
export interface Lane {
  readonly setup: GuestSetup;
  readonly words: ProfileWords;
  /** Gives inputs to the target and compares. */
  readonly run: (inputs: readonly Input[]) => Promise<ProgramRun>;
  readonly stop: () => Promise<void>;
}

/** Programs that one process of the target runs, at most. */
const programsEach = 2000;

/** Starts a target, to run programs one after another. */
export async function openLane(target: TargetPlan, known: Known): Promise<Lane> {
  let current: Target = await startTarget(target);
  let left = programsEach;
  const setup = setupOf(current.words);
  const renew = async (): Promise<void> => {
    await current.stop();
    current = await startTarget(target);
    left = programsEach;
  };
  const run = async (inputs: readonly Input[]): Promise<ProgramRun> => {
    const plan = planOf(inputs);
    left -= 1;
    if (left <= 0) await renew();
    try {
      const sight = await current.perform(plan);
      return { plan, sight, comparison: compare(setup, plan, sight, known.deviations) };
    } catch (error) {
      if (!(error instanceof QemuError)) throw error;
      await renew();
      return { plan, death: error.message };
    }
  };
  return { setup, words: current.words, run, stop: () => current.stop() };
}

/** Whether an outcome is something that nobody knows. */
export const isFinding = ({ comparison, death }: ProgramRun): boolean =>
  death !== undefined || comparison?.difference !== undefined;
