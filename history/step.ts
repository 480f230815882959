import type { Fact } from "../events/fact.ts";
import type { Input } from "../events/input.ts";
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
