import type { Violation } from "../verdict.ts";
import type { Run } from "./run.ts";

/** Notes that a case that makes the law worth having was reached. */
export type Count = (name: string, times?: number) => void;

/** What must hold of every run. */
export interface Law {
  readonly id: string;
  /** One sentence. */
  readonly says: string;
  /** Cases that a batch of runs must reach, or the law proves nothing. */
  readonly sometimes: readonly string[];
  /**
   * Looks at all of a run, and counts what it reaches.
   *
   * @returns the first violation in the order of events.
   */
  readonly check: (run: Run, count: Count) => Violation | undefined;
}
