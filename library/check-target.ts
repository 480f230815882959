import { story } from "../cli/render/fuzz-story.ts";
import { campaign } from "../target/campaign.ts";
import { nothingKnown } from "../target/known.ts";
import { makeSmall } from "../target/make-small.ts";
import type { Make } from "../target/object-plan.ts";
import { objectPlan } from "../target/object-plan.ts";
import type { CheckOptions } from "./check-options.ts";
import { checkMake, checkOptions } from "./check-options.ts";

/** What a target did otherwise than the model, with as few operations as still show it. */
export interface CheckFailure {
  /** What differs, in one line. */
  readonly text: string;
  /** What was done, step by step, and where the two part. */
  readonly story: string;
  readonly seed: number;
  /** Which program of the seed. */
  readonly path: number;
}

/** What checking a target came to. */
export interface CheckReport {
  readonly programs: number;
  readonly operations: number;
  /** Operations that were compared and agree, or are explained. */
  readonly compared: number;
  /** Times that the target chose another of several values that are allowed. */
  readonly choices: number;
  /** Deviations that were met, with how often. */
  readonly deviations: Readonly<Record<string, number>>;
  readonly failure: CheckFailure | undefined;
}

const usualRuns = 300;
const usualPatience = 5;
const usualShrinking = 10;

/**
 * Runs random guests on an implementation and on the model, and compares them after every step. It
 * runs in this process: one that never returns is not interrupted.
 *
 * @param make  makes the target; called again when it did something that it cannot go on after.
 * @throws ProgramError when it cannot be asked anything, or says what cannot be of itself;
 *   MalformedError for options that cannot be, or that there are none of: it names the option.
 */
export async function checkTarget(make: Make, options: CheckOptions = {}): Promise<CheckReport> {
  const asked = checkOptions(options);
  const { seed = Math.floor(Math.random() * 2 ** 31), path, deviations, words } = asked;
  const { seconds = Number.MAX_SAFE_INTEGER, timeout: patience = usualPatience } = asked;
  const first = path ?? 0;
  const runs = path === undefined ? (asked.runs ?? usualRuns) : 1;
  const target = objectPlan(checkMake(make), { patience, words });
  const known = { ...nothingKnown, deviations };
  const watch = (): void => undefined;
  const search = { target, known, seed, runs, first, seconds, lanes: 1, watch };
  const { tally, finding } = await campaign(search);
  const { programs, operations, compared, choices } = tally;
  const shrinking = { target, known, seconds: asked.shrinkSeconds ?? usualShrinking, watch };
  const small = finding && (await makeSmall(shrinking, finding)).finding;
  return {
    ...{ programs, operations, compared, choices },
    deviations: Object.fromEntries(tally.deviations),
    failure: small && {
      text: small.death ?? small.comparison?.difference?.text ?? "",
      story: story("the target", small),
      ...{ seed, path: small.index },
    },
  };
}

/**
 * The same, for a test: it fails with the story, the seed and the path.
 *
 * @throws Error when the target does anything that is not explained, or the time was over before
 *   anything was compared; what `checkTarget` throws.
 */
export async function assertTarget(make: Make, options: CheckOptions = {}): Promise<CheckReport> {
  const report = await checkTarget(make, options);
  const { failure } = report;
  if (failure === undefined) {
    if (report.compared > 0) return report;
    throw new Error("the time was over before anything was compared: nothing is known");
  }
  const again = `{ seed: ${failure.seed.toString()}, path: ${failure.path.toString()} }`;
  throw new Error(`${failure.text}\n\n${failure.story}\n\nTo run it again: ${again}`);
}
