import fc from "fast-check";
import { laws } from "../laws/all.ts";
import type { Count, Law } from "../laws/law.ts";
import type { Run } from "../laws/run.ts";
import { runOf } from "../laws/run.ts";
import { withinTime } from "../laws/within-time.ts";
import type { Violation } from "../verdict.ts";
import { anyExtendedProgram } from "../world/extended/program.ts";
import type { Program } from "../world/program.ts";
import { anyProgram } from "../world/program.ts";
import { shrinkInputs } from "./shrink.ts";

/** A law that a program breaks. */
export interface Finding {
  readonly program: Program;
  readonly violation: Violation;
  /** Programs that were tried, this one included. */
  readonly runs: number;
  /** Draws the same program again, as the last of `runs`. */
  readonly seed: number;
}

const ignore: Count = () => {};

/** Whether a run is worth a look. */
export type Concern = (run: Run) => boolean;

/** Milliseconds that a fold may take: one takes a few, and what takes so long does not end. */
const patience = 5_000;
/** The same of a law, on a machine with other work. */
const patienceWithLaw = 30_000;

const everyRun: Concern = () => true;

/**
 * The first of some laws that a program breaks, if its run is of concern; whatever throws, or
 * does not end, breaks PF1.
 */
export function brokenLaw(
  program: Program,
  wanted: readonly Law[] = laws,
  concerns = everyRun,
  lawPatience = patienceWithLaw,
): Violation | undefined {
  try {
    const run = withinTime(patience, () => runOf(program));
    if (!concerns(run)) return undefined;
    for (const law of wanted) {
      const violation = withinTime(lawPatience, () => law.check(run, ignore));
      if (violation !== undefined) return violation;
    }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { law: "PF1", seq: 0, text: `something throws: ${text}` };
  }
  return undefined;
}

/** Of so many programs one is held to every law, the others to the suspects alone. */
const everyLaw = 8;

/** Where to look for a violation, and how far. */
export interface Search {
  /** Decides which programs; the same ones for the same seed. */
  readonly seed: number;
  /** Ids of the laws that are likely to break, which are looked at most, in this order. */
  readonly suspects: readonly string[];
  /** How long at most. */
  readonly seconds: number;
  /** How many programs at most; as many as the time allows when missing. */
  readonly runs?: number | undefined;
  /** The runs that can show anything; all when missing. */
  readonly concerns?: Concern;
  /** Worlds of extended contexts; all others when missing. */
  readonly worlds?: "extended" | undefined;
}

/** Tries random programs until one breaks a law. */
export function findViolation(search: Search): Finding | undefined {
  const { seed, suspects, seconds, runs = 1_000_000, concerns = everyRun } = search;
  const likely = suspects.flatMap((suspect) => laws.filter(({ id }) => id === suspect));
  let tried = 0;
  let found: Finding | undefined;
  const programs = search.worlds === "extended" ? anyExtendedProgram : anyProgram;
  const property = fc.property(programs, (program) => {
    tried += 1;
    const wanted = likely.length === 0 || tried % everyLaw === 0 ? laws : likely;
    const violation = brokenLaw(program, wanted, concerns);
    if (violation === undefined) return true;
    found = { program, violation, runs: tried, seed };
    return false;
  });
  const interruptAfterTimeLimit = seconds * 1000;
  fc.check(property, { seed, numRuns: runs, endOnFailure: true, interruptAfterTimeLimit });
  return found;
}

/** A shorter program that breaks the same law. */
export function shrinkFinding(finding: Finding, timeIsUp: () => boolean): Finding {
  const wanted = laws.filter(({ id }) => id === finding.violation.law);
  const broken = (program: Program): Violation | undefined => {
    const violation = brokenLaw(program, wanted);
    return violation?.law === finding.violation.law ? violation : undefined;
  };
  const program = shrinkInputs(finding.program, (tried) => broken(tried) !== undefined, timeIsUp);
  return { ...finding, program, violation: broken(program) ?? finding.violation };
}
