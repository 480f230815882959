import type { Step } from "../../history/step.ts";
import type { World } from "../../projections/world.ts";

/** Bytes or text of a file, one after the other. */
export type Piece = string | Uint8Array;

/**
 * Makes a file of a log while that is folded once: what stands at its beginning, what each step
 * adds, and what ends it. Nothing is kept of the steps before.
 */
export interface Exporter {
  readonly begin: (start: World) => Piece;
  readonly step: (step: Step) => Piece;
  readonly end: () => Piece;
}
