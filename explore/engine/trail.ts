import type { Configuration, Move, State } from "./configuration.ts";
import { redo } from "./make-move.ts";

/** How each state was reached first: from which one and by which move. */
export interface Origins {
  /** By number of a state; the first has number 0. */
  readonly parents: Uint32Array;
  readonly moves: Uint8Array;
}

/** Numbers of moves from the first state to one. */
export function movesTo({ parents, moves }: Origins, state: number): readonly number[] {
  const all: number[] = [];
  for (let at = state; at !== 0; at = parents[at] as number) all.push(moves[at] as number);
  return all.reverse();
}

/**
 * What makes states again from the way to them. States are asked for in the order of their numbers:
 * those that share a beginning come one after the other, so that of each level every state before
 * it is made at most once.
 */
export function newTrail(
  configuration: Configuration,
  start: State<object>,
  { parents, moves }: Origins,
): (state: number, depth: number) => State<object> {
  const numbers: number[] = [0];
  const states: State<object>[] = [start];
  return (state, depth) => {
    const way: number[] = [];
    let at = state;
    let level = depth;
    while (numbers[level] !== at || level >= states.length) {
      way.push(at);
      at = parents[at] as number;
      level -= 1;
    }
    states.length = level + 1;
    numbers.length = level + 1;
    for (let next = way.pop(); next !== undefined; next = way.pop()) {
      const move = configuration.moves[moves[next] as number] as Move<object>;
      states.push(redo(configuration, move, states.at(-1) as State<object>));
      numbers.push(next);
    }
    return states.at(-1) as State<object>;
  };
}
