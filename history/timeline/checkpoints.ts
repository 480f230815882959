import type { World } from "../../projections/world.ts";
import type { Step } from "../step.ts";

/** A world to fold on from. */
export interface Checkpoint {
  /** How many inputs were folded before it. */
  readonly inputs: number;
  readonly world: World;
  /** Whether a host entry changed just before it, see `addCheckpoint`. */
  readonly isTurn: boolean;
}

/**
 * Worlds on the way, the start first. They share what did not change between them, so they take as
 * much room as there were changes. As far apart as folding from one to the next costs, and wherever
 * a host entry changed; once there are too many every second one of the more frequent kind goes,
 * and others of it come at twice the distance.
 */
export interface Checkpoints {
  readonly kept: Checkpoint[];
  /** What the steps between two of them cost at most, see `costOf`. */
  spacing: number;
  /** How far apart those are at least before which a host entry changed. */
  turnSpacing: number;
  /** What the steps since the last one cost. */
  cost: number;
  readonly most: number;
}

/** How many worlds are kept, and how far apart they are at first. */
export interface CheckpointOptions {
  readonly spacing?: number;
  readonly most?: number;
}

const usual = { spacing: 512, most: 32_768 } as const;

export const newCheckpoints = (start: World, options: CheckpointOptions = {}): Checkpoints => ({
  kept: [{ inputs: 0, world: start, isTurn: false }],
  spacing: options.spacing ?? usual.spacing,
  turnSpacing: 0,
  most: Math.max(2, options.most ?? usual.most),
  cost: 0,
});

const bytesAUnit = 512;

/**
 * What folding a step costs, in events: no clock, so that the same log has the same checkpoints
 * everywhere. Bytes count too where there are many.
 */
export function costOf({ input, facts }: Step): number {
  const bytes = "bytes" in input ? (input.bytes?.length ?? 0) : 0;
  return 1 + facts.length + Math.floor(bytes / bytesAUnit);
}

/** Every second one of a kind goes, and the start stays. */
function thinOut({ kept }: Checkpoints, isTurn: boolean): void {
  let seen = 0;
  const rest = kept.filter((one) => one.isTurn !== isTurn || seen++ % 2 === 0);
  kept.splice(0, kept.length, ...rest);
}

/** How far apart turns are at least, once there were too many. */
const turnsApart = 16;

/**
 * Keeps the world after a step if it is far enough from the last one that was kept.
 *
 * @param isTurn  whether the step changed a host entry: who tells the life of a page looks there,
 *   so such a world is kept however near it is, unless there are too many.
 */
export function addCheckpoint(
  checkpoints: Checkpoints,
  step: Step,
  inputs: number,
  isTurn = false,
): void {
  checkpoints.cost += costOf(step);
  const { kept, most } = checkpoints;
  const isFar = checkpoints.cost >= checkpoints.spacing;
  if (!isFar && !(isTurn && checkpoints.cost >= checkpoints.turnSpacing)) return;
  checkpoints.cost = 0;
  kept.push({ inputs, world: step.after, isTurn });
  if (kept.length <= most) return;
  const turns = kept.filter((one) => one.isTurn).length;
  const isOfTurns = turns * 2 > most;
  thinOut(checkpoints, isOfTurns);
  if (isOfTurns) checkpoints.turnSpacing = Math.max(turnsApart, checkpoints.turnSpacing * 2);
  else checkpoints.spacing *= 2;
}

/** The place of the last checkpoint of which a number is at most `limit`; the start has 0. */
export function lastPlace(
  { kept }: Checkpoints,
  limit: number,
  numberOf: (one: Checkpoint) => number,
): number {
  let [low, high] = [0, kept.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (numberOf(kept[middle] as Checkpoint) <= limit) low = middle;
    else high = middle;
  }
  return low;
}

/** The checkpoints up to an input, to go on from apart. */
export function forkCheckpoints(checkpoints: Checkpoints, inputs: number): Checkpoints {
  const kept = checkpoints.kept.filter((one) => one.inputs <= inputs);
  return { ...checkpoints, kept, cost: 0 };
}
