import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import type { Watch } from "../../hypervisor/turn.ts";
import { orbitOf } from "../canonical/fingerprints.ts";
import type { Batch, Range } from "./batch.ts";
import { newLooker, numbersEach } from "./batch.ts";
import type { Configuration, State } from "./configuration.ts";
import type { Counts } from "./counts.ts";
import { addCounts, nothingCounted } from "./counts.ts";
import { countSteps } from "./coverage.ts";
import type { Wrong } from "./expand.ts";
import { explorerOf } from "./expand.ts";
import type { Origins } from "./trail.ts";
import { movesTo } from "./trail.ts";
import type { Visited } from "./visited.ts";
import { visitedBytes, visitedIn } from "./visited.ts";

/** How far a search goes. */
export interface Bounds {
  /** States at most. */
  readonly states: number;
  /** Moves from the first state at most. */
  readonly depth: number;
  /** Like things are taken for each other. */
  readonly symmetric: boolean;
}

/** How far a search is. */
export interface Progress {
  readonly states: number;
  readonly depth: number;
  /** States that were found and not looked at yet. */
  readonly frontier: number;
  readonly transitions: number;
}

/** Why a search ended: there are no more states, a bound, something wrong, or somebody's wish. */
export type Ending = "complete" | "states" | "depth" | "wrong" | "stopped";

/** What a search came to. */
export interface Outcome {
  readonly configuration: Configuration;
  readonly ending: Ending;
  readonly states: number;
  /** States that these stand for: with all the names that like things could have. */
  readonly orbits: number;
  /** New states at each depth. */
  readonly levels: readonly number[];
  readonly counts: Counts;
  /** The way to what is wrong: numbers of moves, the last one the one after which it is. */
  readonly way: readonly number[] | undefined;
  readonly wrong: Wrong | undefined;
}

/**
 * The state before the first move.
 *
 * @param watch  told of each step that a chart makes on the way there.
 */
export function startOf({ setup, boot, ghost }: Configuration, watch?: Watch): State<object> {
  let world = createWorld(setup);
  for (const input of boot) ({ world } = fold(world, input, watch));
  return { world, ghost };
}

/** What a search keeps of the states that it has found: bytes that threads may share. */
export interface Kept {
  readonly visited: ArrayBufferLike;
  readonly parents: ArrayBufferLike;
  readonly moves: ArrayBufferLike;
}

/** Bytes that a search keeps for so many states at most. */
export const keptBytes = (states: number): number => visitedBytes(states) + states * 5;

/** Room for what a search keeps. */
export const keptFor = (states: number): Kept => ({
  visited: new SharedArrayBuffer(visitedBytes(states)),
  parents: new SharedArrayBuffer(states * 4),
  moves: new SharedArrayBuffer(states),
});

/** How states were reached, in the bytes that are kept. */
export const originsIn = ({ parents, moves }: Kept): Origins => ({
  parents: new Uint32Array(parents),
  moves: new Uint8Array(moves),
});

/** A search that is under way. */
export interface Searching {
  readonly configuration: Configuration;
  readonly bounds: Bounds;
  readonly visited: Visited;
  readonly origins: Origins;
  readonly levels: number[];
  readonly counts: Counts;
  orbits: number;
}

/** A search that knows the first state alone. */
export function begin(configuration: Configuration, bounds: Bounds, kept: Kept): Searching {
  const counts = nothingCounted(configuration);
  const start = startOf(configuration, (step) => countSteps(counts.taken, [step]));
  const visited = visitedIn(kept.visited);
  const { fingerprints } = explorerOf(configuration, bounds.symmetric);
  fingerprints.plain(start.world, start.ghost);
  const first = fingerprints.smallest();
  visited.add(...first.words);
  return {
    ...{ configuration, bounds, visited, origins: originsIn(kept), levels: [1] },
    ...{ counts, orbits: orbitOf(first) },
  };
}

/**
 * Takes over what looking at some states came to.
 *
 * @returns why the search ends with it, if it does.
 */
export function takeOver(searching: Searching, batch: Batch, depth: number): Ending | undefined {
  const { visited, origins, levels, bounds } = searching;
  addCounts(searching.counts, batch.counts);
  const { found } = batch;
  for (let at = 0; at < found.length; at += numbersEach) {
    const [a = 0, b = 0, c = 0, parent = 0, how = 0] = found.subarray(at, at + numbersEach);
    if (visited.has(a, b, c)) continue;
    const number = visited.size();
    if (number >= bounds.states) return batch.wrong === undefined ? "states" : "wrong";
    visited.add(a, b, c);
    origins.parents[number] = parent;
    origins.moves[number] = how % 256;
    searching.orbits += Math.floor(how / 256);
    levels[depth + 1] = (levels[depth + 1] ?? 0) + 1;
  }
  return batch.wrong === undefined ? undefined : "wrong";
}

/** What a search comes to that ends. */
export function outcomeOf(searching: Searching, ending: Ending, wrong?: Wrong): Outcome {
  const { configuration, visited, orbits, levels, counts, origins } = searching;
  return {
    ...{ configuration, ending, states: visited.size(), orbits, levels, counts, wrong },
    way: wrong && [...movesTo(origins, wrong.parent), wrong.move],
  };
}

/** States that are looked at without telling anybody. */
const batchStates = 256;

/** The ranges of states of one depth that are looked at one after the other. */
export function* rangesOf(from: number, to: number, depth: number): Generator<Range> {
  for (let at = from; at < to; at += batchStates) {
    yield { from: at, to: Math.min(to, at + batchStates), depth };
  }
}

/** How far a search is, once the states before one were looked at. */
export const progressOf = (searching: Searching, depth: number, looked: number): Progress => ({
  states: searching.visited.size(),
  depth,
  frontier: searching.visited.size() - looked,
  transitions: searching.counts.transitions,
});

/**
 * Looks at every state of a configuration that moves lead to, nearest first, so that what is found
 * wrong first is a shortest way to it. It tells how far it is, and ends when the answer is false.
 */
export function* pacedSearch(
  configuration: Configuration,
  bounds: Bounds,
): Generator<Progress, Outcome, boolean> {
  const kept = keptFor(bounds.states);
  const searching = begin(configuration, bounds, kept);
  const { visited, origins } = searching;
  const start = startOf(configuration);
  const look = newLooker(configuration, bounds.symmetric, start, origins, visited);
  let from = 0;
  for (let depth = 0; from < visited.size(); depth++) {
    if (depth === bounds.depth) return outcomeOf(searching, "depth");
    const to = visited.size();
    for (const range of rangesOf(from, to, depth)) {
      const batch = look(range);
      const ending = takeOver(searching, batch, depth);
      if (ending !== undefined) return outcomeOf(searching, ending, batch.wrong);
      const goesOn = yield progressOf(searching, depth, range.to);
      if (!goesOn) return outcomeOf(searching, "stopped");
    }
    from = to;
  }
  return outcomeOf(searching, "complete");
}

/** The same at one go. */
export function search(configuration: Configuration, bounds: Bounds): Outcome {
  const paces = pacedSearch(configuration, bounds);
  let pace = paces.next();
  while (pace.done !== true) pace = paces.next(true);
  return pace.value;
}
