import { story } from "../cli/render/fuzz-story.ts";
import { MalformedError } from "../events/malformed-error.ts";
import type { ProfileWords } from "../events/profile/profile.ts";
import { campaign } from "../target/campaign.ts";
import type { Deviation } from "../target/deviation.ts";
import { nothingKnown } from "../target/known.ts";
import { makeSmall } from "../target/make-small.ts";
import type { Make } from "../target/object-plan.ts";
import { objectPlan } from "../target/object-plan.ts";

/** How a target is checked. */
export interface CheckOptions {
  /** Which programs; the same ones for the same seed. Some seed or other when missing. */
  readonly seed?: number;
  /** The only program of the seed that is run: the path of an earlier failure. */
  readonly path?: number;
  /** Programs at most; 300 when missing. */
  readonly runs?: number;
  /** Seconds at most; as long as it takes when missing. */
  readonly seconds?: number;
  /** Seconds that shrinking may take; 10 when missing. */
  readonly shrinkSeconds?: number;
  /** Seconds that one answer may take; 5 when missing. */
  readonly timeout?: number;
  /** The unit that it is to be; what it says itself when missing. */
  readonly profile?: ProfileWords;
  /** Ways in which it is known to differ, and which are passed by. */
  readonly deviations?: readonly Deviation[];
}

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
 *   MalformedError for options that cannot be.
 */
export async function checkTarget(make: Make, options: CheckOptions = {}): Promise<CheckReport> {
  const { path, seconds = Number.MAX_SAFE_INTEGER, deviations = [] } = options;
  const { timeout: patience = usualPatience, profile: words } = options;
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const first = path ?? 0;
  const runs = path === undefined ? (options.runs ?? usualRuns) : 1;
  if (!(runs >= 1)) throw new MalformedError("options", "runs", "expected at least one program");
  if (!Number.isSafeInteger(first) || first < 0) {
    throw new MalformedError("options", "path", "expected the number of a program, from 0");
  }
  const target = objectPlan(make, { patience, words });
  const known = { ...nothingKnown, deviations };
  const watch = (): void => undefined;
  const asked = { target, known, seed, runs, first, seconds, lanes: 1, watch };
  const { tally, finding } = await campaign(asked);
  const { programs, operations, compared, choices } = tally;
  const shrinking = { target, known, seconds: options.shrinkSeconds ?? usualShrinking, watch };
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
 * @throws Error when the target does anything that is not explained.
 */
export async function assertTarget(make: Make, options: CheckOptions = {}): Promise<CheckReport> {
  const report = await checkTarget(make, options);
  const { failure } = report;
  if (failure === undefined) return report;
  const again = `{ seed: ${failure.seed.toString()}, path: ${failure.path.toString()} }`;
  throw new Error(`${failure.text}\n\n${failure.story}\n\nTo run it again: ${again}`);
}
