import fc from "fast-check";
import type { Input } from "../../events/input.ts";
import type { ProfileWords } from "../../events/profile.ts";
import { profileOf } from "../../events/profile.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { Program } from "../../properties/world/program.ts";
import type { Known } from "../deviation/known-in.ts";
import { QemuError } from "../process.ts";
import type { Comparison } from "./compare.ts";
import { compare } from "./compare.ts";
import { definedInputs } from "./defined.ts";
import type { Plan } from "./plan.ts";
import { planOf } from "./plan.ts";
import { patterns, sendableInputs } from "./sendable.ts";
import { programsFor, setupOf } from "./setup.ts";
import type { Sight } from "./sight.ts";
import type { Target, TargetPlan } from "./target.ts";
import { startTarget } from "./target.ts";

/** What a campaign has come to so far. */
export interface Tally {
  programs: number;
  /** Operations that were given to the target; filling pages with patterns is none. */
  operations: number;
  /** Those of them that were compared and agree, or are explained. */
  compared: number;
  /** Times that the target chose another of several values that are allowed. */
  choices: number;
  readonly deviations: Map<string, number>;
  /** Types of inputs and facts. */
  readonly kinds: Map<string, number>;
}

/** How one program went: compared, or the target ended. */
export interface Outcome {
  readonly plan: Plan;
  readonly sight?: Sight;
  readonly comparison?: Comparison;
  readonly death?: string;
}

/** Something that the target does and that is neither right nor known. */
export interface Finding extends Outcome {
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
  readonly run: (inputs: readonly Input[]) => Promise<Outcome>;
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
  const run = async (inputs: readonly Input[]): Promise<Outcome> => {
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

/** Inputs of a program in the form in which a target is given them, known trouble left out. */
export function inputsFor(setup: GuestSetup, program: Program, known: Known, tally: Tally) {
  const profile = profileOf(setup);
  const sendable = sendableInputs(profile, program).map((input) =>
    known.avoided.reduce((before, { id, change }) => {
      const after = change(before, profile);
      if (after !== before) add(tally.deviations, id, 1);
      return after;
    }, input),
  );
  return definedInputs({ guests: [setup] }, sendable);
}

const add = (map: Map<string, number>, key: string, count: number): void =>
  void map.set(key, (map.get(key) ?? 0) + count);

const batch = 64;

/** Parts seeds that are near each other, so that they have no programs in common. */
const spread = (seed: number): number => Math.imul(seed + 1, 0x9e37_79b1);

/** The programs of a seed, one after another; the same ones for the same seed. */
function* programsOfSeed(setup: GuestSetup, seed: number): Generator<Program> {
  const programs = programsFor(setup);
  for (let round = 0; ; round++) {
    yield* fc.sample(programs, { numRuns: batch, seed: spread(seed) + round });
  }
}

/** Whether an outcome is something that nobody knows. */
export const isFinding = ({ comparison, death }: Outcome): boolean =>
  death !== undefined || comparison?.difference !== undefined;

/** What a campaign is to do. */
export interface Campaign {
  readonly target: TargetPlan;
  readonly known: Known;
  readonly seed: number;
  /** Programs, at most. */
  readonly runs: number;
  /** Seconds, at most. */
  readonly seconds: number;
  /** How many targets run at a time. */
  readonly lanes: number;
  /** Ends it early. */
  readonly stop?: AbortSignal;
  /** Told after each program. */
  readonly watch: (tally: Tally) => void;
}

function count(tally: Tally, outcome: Outcome): void {
  const { plan, comparison } = outcome;
  const prologue = Math.min(patterns.length, plan.steps.length);
  tally.programs += 1;
  tally.operations += plan.steps.length - prologue;
  if (comparison === undefined) return;
  tally.compared += Math.max(0, comparison.agreed - prologue);
  tally.choices += comparison.choices;
  for (const [id, times] of comparison.met) add(tally.deviations, id, times);
  for (const [kind, times] of comparison.kinds) add(tally.kinds, kind, times);
}

/**
 * Runs random programs on targets until one shows something unknown, or enough have run.
 *
 * @throws QemuError when a target cannot be started, or does not answer at all.
 */
export async function campaign(asked: Campaign): Promise<{
  readonly tally: Tally;
  readonly finding: Finding | undefined;
  readonly setup: GuestSetup;
}> {
  const { target, known, seed, runs, seconds, stop, watch } = asked;
  const tally: Tally = {
    ...{ programs: 0, operations: 0, compared: 0, choices: 0 },
    deviations: new Map(),
    kinds: new Map(),
  };
  const end = performance.now() + seconds * 1000;
  const opened = Array.from({ length: asked.lanes }, () => openLane(target, known));
  // One that fails while another is waited for must not go unheard.
  for (const lane of opened) lane.catch(() => undefined);
  const lanes: Lane[] = [];
  try {
    for (const lane of opened) lanes.push(await lane);
    const setup = lanes[0]?.setup ?? setupOf({ ver: 0n, cap: 0n, ecap: 0n });
    const programs = programsOfSeed(setup, seed);
    let finding: Finding | undefined;
    let next = 0;
    const work = async (lane: Lane): Promise<void> => {
      while (finding === undefined && next < runs && performance.now() < end && !stop?.aborted) {
        const index = next;
        next += 1;
        const program = programs.next().value as Program;
        const inputs = inputsFor(setup, program, known, tally);
        const outcome = await lane.run(inputs);
        count(tally, outcome);
        if (isFinding(outcome)) finding ??= { ...outcome, inputs, seed, index };
        watch(tally);
      }
    };
    await Promise.all(lanes.map(work));
    return { tally, finding, setup };
  } finally {
    await Promise.allSettled(opened);
    for (const lane of lanes) await lane.stop();
  }
}
