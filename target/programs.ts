import fc from "fast-check";
import type { Program } from "../properties/world/program.ts";
import type { Lane } from "./lane.ts";
import { programsFor } from "./setup.ts";

const batch = 64;

/** Parts seeds that are near each other, so that they have no programs in common. */
const spread = (seed: number): number => Math.imul(seed + 1, 0x9e37_79b1);

/** The programs of a seed, one after another; the same ones for the same seed. */
export function* programsOfSeed(
  { setup, can }: Pick<Lane, "setup" | "can">,
  seed: number,
): Generator<Program> {
  const programs = programsFor(setup, can);
  for (let round = 0; ; round++) {
    yield* fc.sample(programs, { numRuns: batch, seed: spread(seed) + round });
  }
}
