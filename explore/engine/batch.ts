import type { Configuration, State } from "./configuration.ts";
import type { Counts } from "./counts.ts";
import { nothingCounted } from "./counts.ts";
import type { Explorer, Wrong } from "./expand.ts";
import { expand, explorerOf } from "./expand.ts";
import type { Origins } from "./trail.ts";
import { newTrail } from "./trail.ts";
import type { Visited } from "./visited.ts";

/** Some states of one depth, by their numbers: those from `from` up to `to`, which is not one. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

/** What looking at some states came to. */
export interface Batch {
  /**
   * States that may be new, five numbers each: the three of the fingerprint, the number of the
   * state before, and the number of the move plus 256 times how many states it stands for.
   */
  readonly found: Uint32Array;
  readonly counts: Counts;
  readonly wrong: Wrong | undefined;
}

/** Numbers of each state in `found`. */
export const numbersEach = 5;

/**
 * What looks at states that others have found.
 *
 * @param visited  states that are known; others may be adding to it.
 */
export function newLooker(
  configuration: Configuration,
  symmetric: boolean,
  start: State<object>,
  origins: Origins,
  visited: Visited,
): (range: Range) => Batch {
  const explorer: Explorer = explorerOf(configuration, symmetric);
  const trail = newTrail(configuration, start, origins);
  return ({ from, to, depth }) => {
    const counts = nothingCounted(configuration);
    const found: number[] = [];
    let wrong: Wrong | undefined;
    for (let state = from; state < to && wrong === undefined; state++) {
      wrong = expand(explorer, trail(state, depth), state, counts, (words, move, orbit) => {
        const [a, b, c] = words;
        if (visited.has(a, b, c)) return false;
        found.push(a, b, c, state, move + orbit() * 256);
        return true;
      });
    }
    return { found: Uint32Array.from(found), counts, wrong };
  };
}
