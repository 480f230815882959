import type { Search } from "./find.ts";
import { findViolation, shrinkFinding } from "./find.ts";

/** What chasing one bug came to. */
export interface Catch {
  readonly law: string;
  readonly text: string;
  /** Random programs that were tried. */
  readonly runs: number;
  readonly inputs: number;
  /** Inputs once as many as possible were taken out. */
  readonly shrunk: number;
  readonly seconds: number;
}

/**
 * Looks for a violation of any law in the model that this module was bundled with. Shrinking may
 * take as long again as the search may, and at most 5 seconds.
 *
 * @returns what was found; `undefined` when nothing was.
 */
export function chase(search: Search): Catch | undefined {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const finding = findViolation(search);
  if (finding === undefined) return undefined;
  const found = elapsed();
  const limit = found + Math.min(5, search.seconds);
  const small = shrinkFinding(finding, () => elapsed() > limit);
  const { law, text } = small.violation;
  const inputs = finding.program.inputs.length;
  const shrunk = small.program.inputs.length;
  return { law, text, runs: finding.runs, inputs, shrunk, seconds: found };
}
