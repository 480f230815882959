import { deviceTlb } from "../../machines/device/device-tlb.ts";
import type { TurnedTarget } from "../bugs/turn-target.ts";
import { referenceStep } from "../laws/chart-transitions.ts";
import type { Run } from "../laws/run.ts";
import { findViolation, shrinkFinding } from "./find.ts";

/** What chasing one mistake came to. */
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

/** How a mistake is chased. */
export interface Chase {
  /** Decides which programs are tried. */
  readonly seed: number;
  /** How long at most. */
  readonly seconds: number;
  /** Ids of the laws that are likely to break; all of them where it is empty. */
  readonly suspects: readonly string[];
  /** How many programs at most; as many as the time allows when missing. */
  readonly runs?: number;
  /** How long shrinking may take besides, in seconds. */
  readonly shrinking: number;
  /** The target that is turned: runs that do not come by are no use. */
  readonly turned?: TurnedTarget;
  /** The worlds that it is chased in: those of extended contexts, or all others. */
  readonly worlds?: "extended" | undefined;
}

/** Whether a run takes the transition whose target is turned. */
function comesBy({ told }: Run, target: TurnedTarget): boolean {
  const { chart: id, from, stimulus: type, index } = target;
  // The queue tells all the devices that owe an answer with one fact of its own.
  const isTold = id !== deviceTlb.id || type !== "GivenUp";
  if (!isTold) return told.some(({ facts }) => facts[0]?.type === "DeviceTlbsGivenUp");
  return told.some(({ chart, state, stimulus, unit }) => {
    if (chart.id !== id || stimulus.type !== type) return false;
    if (from !== undefined && from !== state) return false;
    const { by } = referenceStep(chart, state, stimulus, unit);
    return by?.from === from && by?.index === index;
  });
}

/**
 * Looks for a violation of any law in the model that this module was bundled with.
 *
 * @returns what was found; `undefined` when nothing was.
 */
export function chase(how: Chase): Catch | undefined {
  const { seed, seconds, suspects, shrinking, turned, runs, worlds } = how;
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const concerns = (run: Run): boolean => turned === undefined || comesBy(run, turned);
  const finding = findViolation({ seed, seconds, suspects, runs, concerns, worlds });
  if (finding === undefined) return undefined;
  const found = elapsed();
  const limit = found + shrinking;
  const small = shrinkFinding(finding, () => elapsed() > limit);
  const { law, text } = small.violation;
  const inputs = finding.program.inputs.length;
  const shrunk = small.program.inputs.length;
  return { law, text, runs: finding.runs, inputs, shrunk, seconds: found };
}
