import type { World } from "../../projections/world.ts";
import type { Step } from "../step.ts";

/** A world to fold on from. */
export interface Checkpoint {
  /** How many inputs were folded before it. */
  readonly inputs: number;
  readonly world: World;
}

/**
 * Worlds on the way, the start first. They share what did not change between them, so they take as
 * much room as there were changes. As far apart as folding from one to the next costs; once there
 * are too many every second one goes, and the others come at twice the distance.
 */
export interface Checkpoints {
  readonly kept: Checkpoint[];
  /** What the steps between two of them cost at most, see `costOf`. */
  spacing: number;
  /** What the steps since the last one cost. */
  cost: number;
  readonly most: number;
}

/** How many worlds are kept, and how far apart they are at first. */
export interface CheckpointOptions {
  readonly spacing?: number;
  readonly most?: number;
}

const usual = { spacing: 512, most: 16_384 } as const;

export const newCheckpoints = (start: World, options: CheckpointOptions = {}): Checkpoints => ({
  kept: [{ inputs: 0, world: start }],
  spacing: options.spacing ?? usual.spacing,
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

/** How much closer a turn may be to the checkpoint before it. */
const turnsCloser = 4;

/**
 * Keeps the world after a step if it is far enough from the last one that was kept.
 *
 * @param isTurn  whether the step changed a host entry: who tells the life of a page looks there,
 *   so such a world is kept sooner.
 */
export function addCheckpoint(
  checkpoints: Checkpoints,
  step: Step,
  inputs: number,
  isTurn = false,
): void {
  checkpoints.cost += costOf(step);
  const enough = isTurn ? checkpoints.spacing / turnsCloser : checkpoints.spacing;
  if (checkpoints.cost < enough) return;
  checkpoints.cost = 0;
  checkpoints.kept.push({ inputs, world: step.after });
  if (checkpoints.kept.length <= checkpoints.most) return;
  const rest = checkpoints.kept.filter((_, index) => index % 2 === 0);
  checkpoints.kept.splice(0, checkpoints.kept.length, ...rest);
  checkpoints.spacing *= 2;
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
