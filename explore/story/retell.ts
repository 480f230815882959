import type { Step } from "../../history/step.ts";
import type { Configuration, Move, State } from "../engine/configuration.ts";
import { makeMove } from "../engine/make-move.ts";
import { startOf } from "../engine/search.ts";

/** A move of a way, and what came of it. */
export interface Told {
  readonly says: string;
  readonly steps: readonly Step[];
}

/**
 * What happens on a way from the first state.
 *
 * @param way  numbers of moves, each possible where the ones before it lead.
 */
export function retell(configuration: Configuration, way: readonly number[]): readonly Told[] {
  let state: State<object> = startOf(configuration);
  return way.map((number) => {
    const move = configuration.moves[number] as Move<object>;
    const made = makeMove(move, state);
    if (made === undefined) throw new Error(`${move.says} is not possible`);
    const { steps, world } = made;
    const known = move.knows(state.ghost);
    state = { world, ghost: configuration.judge(known, steps, world, () => undefined).ghost };
    return { says: move.says, steps };
  });
}
