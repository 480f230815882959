import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
import { fold } from "../hypervisor/fold.ts";
import { evolve } from "../projections/evolve.ts";
import type { World } from "../projections/world.ts";

/** One input and what followed: what read models that look back are told, in order. */
export interface Step {
  /** Number of the input; its facts have the numbers after it. */
  readonly seq: number;
  readonly input: Input;
  readonly facts: readonly Fact[];
  readonly before: World;
  readonly after: World;
}

/** Folds one input, and keeps what it was. */
export function stepOf(before: World, input: Input): Step {
  const { world: after, facts } = fold(before, input);
  return { seq: before.seq + 1, input, facts, before, after };
}

/**
 * The world after event number `seq`, which is the step's input, one of its facts, or before it.
 */
export function worldWithin(step: Step, seq: number): World {
  let world = step.before;
  for (const event of [step.input, ...step.facts]) {
    if (world.seq >= seq) break;
    world = evolve(world, event);
  }
  return world;
}

/** As much of a step as had happened after event number `until`. */
export const stepUntil = (step: Step, until: number): Step =>
  step.after.seq <= until
    ? step
    : { ...step, facts: step.facts.slice(0, until - step.seq), after: worldWithin(step, until) };

/**
 * Folds inputs one by one, as they are asked for.
 *
 * @param until  number of the last event to take in; all of them when missing.
 */
export function* stepsOf(
  start: World,
  inputs: Iterable<Input>,
  until = Number.POSITIVE_INFINITY,
): Generator<Step, void, void> {
  let world = start;
  for (const input of inputs) {
    if (world.seq >= until) return;
    const step = stepUntil(stepOf(world, input), until);
    yield step;
    world = step.after;
  }
}
