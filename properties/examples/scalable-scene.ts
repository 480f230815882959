import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { firstStage, gva, scalableBooted, scalableUnit, slot } from "./scalable-driver.ts";
import { scalableQueue } from "./scalable-queue.ts";
import { hostBase } from "./unit.ts";

/** Entries of the first stage that `gva` is translated by. */
export const l1 = slot(firstStage.l1, 1, gva);
export const l2 = slot(firstStage.l2, 2, gva);
export const l4 = slot(firstStage.l4, 4, gva);
/** A page that nothing maps at first. */
export const spare = 0x9000n;
/** Scalable mode with everything that the driver has, and its queue. */
export const ready = given(scalableUnit(), scalableBooted, scalableQueue);

/** The guest page that a request reaches in the host, or why not. */
export function reached(scene: Scene, ...request: readonly Inputs[]): bigint | string {
  const after = scene.when(...request);
  const [landed] = after.of("DmaLanded");
  const [blocked] = after.of("DmaBlocked");
  if (landed?.hpa !== undefined) return landed.hpa - hostBase;
  return blocked?.host ?? `${(blocked?.reason ?? 0).toString(16)}h`;
}
