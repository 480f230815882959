import type { Known } from "./known.ts";
import type { Finding, Lane, ProgramRun } from "./lane.ts";
import { isFinding, openLane, unlessStopped } from "./lane.ts";
import { ProgramError } from "./program-error.ts";
import type { Shrinking } from "./shrink.ts";
import { shrinkFinding } from "./shrink.ts";
import type { Starting, TargetPlan } from "./target.ts";

/** A finding as small as it was made, and what is known of it by then. */
export interface Small {
  readonly finding: Finding;
  /** Whether it happened when the same program ran a second time; unknown where none did. */
  readonly again: boolean | undefined;
  /** Why it may have more inputs than it needs: time was up, or somebody ended it. */
  readonly cut: "time" | "stopped" | undefined;
}

/** How a finding is made small. */
export interface Making extends Shrinking {
  readonly target: TargetPlan;
  readonly known: Known;
}

/** Does something with a target of its own; nothing where that does not start, or is ended. */
async function withLane<T>(
  { target, known, stop: end }: Making,
  starting: Starting,
  work: (lane: Lane) => Promise<T>,
): Promise<T | undefined> {
  const opened = openLane(target, known, { ...starting, end });
  const lane = await opened.catch((error: unknown) => {
    if (!(error instanceof ProgramError)) throw error;
    return undefined;
  });
  try {
    return lane && (await unlessStopped(work(lane), end));
  } finally {
    await lane?.stop();
  }
}

/** Whether a second run is one that shows something, and silence for silence. */
const isAgain = (found: Finding, outcome: ProgramRun): boolean =>
  isFinding(outcome) && (outcome.isSilent === true) === (found.isSilent === true);

/** A finding if it happens when its program runs once more. */
const once = (making: Making, found: Finding): Promise<Finding | undefined> =>
  withLane(making, {}, async (lane) => {
    const outcome = await lane.run(found.inputs);
    return isAgain(found, outcome) ? { ...found, ...outcome } : undefined;
  });

/** The first of some findings that happens once more, with all the time that answers may take. */
async function firstAgain(making: Making, findings: readonly (Finding | undefined)[]) {
  for (const each of new Set(findings)) {
    const again = each && (await once(making, each));
    if (again !== undefined) return again;
  }
  return undefined;
}

/**
 * Runs a finding's program a second time, and makes it as small as still shows it. A target that
 * said nothing is given less time for that; in the end what is left is run with all the time that
 * answers may take, and is no finding if it shows nothing then.
 */
export async function makeSmall(making: Making, found: Finding): Promise<Small> {
  const { stop } = making;
  const isHurried = found.isSilent === true;
  const shrunk = await withLane(making, { isHurried }, async (lane) => {
    if (!isAgain(found, await lane.run(found.inputs))) return undefined;
    return shrinkFinding(lane, found, making);
  });
  const small = shrunk?.finding;
  const again = isHurried ? await firstAgain(making, [small, found]) : small;
  const cut = stop?.aborted ? "stopped" : shrunk?.isCut ? "time" : undefined;
  if (again !== undefined) return { finding: again, again: true, cut };
  if (cut !== "stopped") return { finding: found, again: false, cut };
  // It happened, with another number of seconds in what is told of it.
  const { death } = found;
  if (small === undefined) return { finding: found, again: undefined, cut };
  return { finding: { ...small, ...(death === undefined ? {} : { death }) }, again: true, cut };
}
