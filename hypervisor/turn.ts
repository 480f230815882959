import type { Fact } from "../events/fact.ts";
import type { CompiledChart, Stimulus } from "../machines/chart.ts";
import { evolveFact } from "../projections/evolve.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";

/** One input being followed up: the world as it is so far, and the facts that led there. */
export interface Turn {
  world: World;
  /** Index of the guest that the input is about. */
  readonly index: number;
  readonly facts: Fact[];
}

/** The guest that the input is about, as it is so far. */
export const guestIn = (turn: Turn): Guest => turn.world.guests[turn.index] as Guest;

/** Records a fact: it takes effect at once. */
export function record(turn: Turn, fact: Fact): void {
  const said = turn.index === 0 ? fact : { ...fact, guest: turn.index };
  turn.world = evolveFact(turn.world, said);
  turn.facts.push(said);
}

/** Refuses what was asked; it changes nothing. */
export const refuse = (turn: Turn, why: string): void =>
  record(turn, { type: "InputRefused", why });

/**
 * Steps a chart from a state and records the facts that its actions are; returns the next state.
 */
export function advanceChart(
  turn: Turn,
  chart: CompiledChart,
  state: string,
  stimulus: Stimulus,
): string {
  const step = chart.step(state, stimulus);
  for (const fact of step.facts) record(turn, fact);
  return step.state;
}
