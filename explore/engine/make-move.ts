import type { Step } from "../../history/step.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import type { World } from "../../projections/world.ts";
import type { Configuration, Move, State } from "./configuration.ts";

/** What a move came to, before anybody has judged it. */
export interface Made {
  readonly steps: readonly Step[];
  readonly world: World;
  /** What charts were told. */
  readonly told: readonly ChartStep[];
}

/**
 * Makes a move.
 *
 * @param watches  whether what charts are told is wanted.
 * @returns `undefined` when it is not possible in a state.
 */
export function makeMove(
  move: Move<object>,
  state: State<object>,
  watches = true,
): Made | undefined {
  const inputs = move.inputs(state);
  if (inputs.length === 0) return undefined;
  const steps: Step[] = [];
  const told: ChartStep[] = [];
  const watch = watches ? (step: ChartStep) => void told.push(step) : undefined;
  let { world } = state;
  for (const input of inputs) {
    const before = world;
    const folded = fold(before, input, watch);
    world = folded.world;
    steps.push({ seq: before.seq + 1, input, facts: folded.facts, before, after: world });
  }
  return { steps, world, told };
}

const ignore = (): void => undefined;

/** The state after a move that was possible and right when it was made first. */
export function redo(configuration: Configuration, move: Move<object>, state: State<object>) {
  const made = makeMove(move, state, false);
  if (made === undefined) throw new Error(`${move.says} is not possible any more`);
  const { steps, world } = made;
  const known = move.knows(state.ghost);
  return { world, ghost: configuration.judge(known, steps, world, ignore).ghost };
}
