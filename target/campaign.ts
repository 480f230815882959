import type { Input } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import type { GuestSetup } from "../events/setup.ts";
import type { Program } from "../properties/world/program.ts";
import { definedInputs } from "./defined-input.ts";
import type { Known } from "./known.ts";

import type { Finding, Lane } from "./lane.ts";
import { isFinding, openLane, unlessStopped } from "./lane.ts";
import { ProgramError } from "./program-error.ts";
import { programsOfSeed } from "./programs.ts";
import { patterns, sendableInputs } from "./sendable.ts";
import type { Tally } from "./tally.ts";
import { add, count, emptyTally } from "./tally.ts";
import type { EndSignal, TargetPlan } from "./target.ts";

/** Inputs of a program in the form in which a target is given them, known trouble left out. */
export function inputsFor(
  { setup, can }: Pick<Lane, "setup" | "can">,
  program: Program,
  known: Known,
  tally: Tally,
): readonly Input[] {
  const profile = profileOf(setup);
  const all = [...patterns, ...sendableInputs(profile, program.inputs, can)];
  const sendable = all.map((input) =>
    known.avoided.reduce((before, { id, change }) => {
      const after = change(before, profile);
      if (after !== before) add(tally.deviations, id, 1);
      return after;
    }, input),
  );
  const defined = definedInputs({ guests: [setup] }, sendable);
  return known.avoided.reduce((before, { id, without }) => {
    const after = without?.(setup, before) ?? before;
    if (after.length < before.length) add(tally.deviations, id, before.length - after.length);
    return after;
  }, defined);
}

/** The same of somebody's own inputs, with nothing left out that is trouble. */
const ownInputs = ({ setup, can }: Lane, inputs: readonly Input[]): readonly Input[] =>
  definedInputs({ guests: [setup] }, sendableInputs(profileOf(setup), inputs, can));

/** What is avoided in random programs, and is in these inputs. */
const notAvoided = (setup: GuestSetup, inputs: readonly Input[], { avoided }: Known) =>
  avoided.filter(({ change, without }) => {
    const changed = inputs.some((input) => change(input, profileOf(setup)) !== input);
    return changed || (without?.(setup, inputs) ?? inputs).length < inputs.length;
  });

/** What a campaign is to do. */
export interface Campaign {
  readonly target: TargetPlan;
  readonly known: Known;
  readonly seed: number;
  /** Programs, at most. */
  readonly runs: number;
  /** Which program of the seed is the first; 0 when missing. */
  readonly first?: number;
  /** Seconds, at most. */
  readonly seconds: number;
  /** How many targets run at a time. */
  readonly lanes: number;
  /** The only program to run, instead of random ones. */
  readonly own?: readonly Input[];
  /** What a target's unit lacks that has to be there, in words. */
  readonly lack?: (profile: Profile) => string | undefined;
  /** Ends it early, and its targets, whatever they are about. */
  readonly stop?: EndSignal;
  /** Told after each program. */
  readonly watch: (tally: Tally) => void;
}

/** What a campaign came to. */
interface Done {
  readonly tally: Tally;
  readonly finding: Finding | undefined;
  /** What the target calls itself, where it says so. */
  readonly title: string | undefined;
  /** Ids of what is avoided in random programs, and was in the only one. */
  readonly notAvoided: readonly string[];
}

/**
 * Runs random programs on targets until one shows something unknown, or enough have run. Ended
 * early, it says nothing of what was under way.
 *
 * @throws ProgramError when a target cannot be started, or does not answer at all.
 */
export async function campaign(asked: Campaign): Promise<Done> {
  const { target, known, seed, seconds, own, stop, watch, first: from = 0 } = asked;
  const runs = own === undefined ? asked.runs : 1;
  const tally = emptyTally();
  const end = performance.now() + seconds * 1000;
  const opened = Array.from({ length: asked.lanes }, () => openLane(target, known, { end: stop }));
  try {
    const lanes = await unlessStopped(Promise.all(opened), stop);
    if (lanes === undefined) return { tally, finding: undefined, title: undefined, notAvoided: [] };
    const [first] = lanes;
    if (first === undefined) throw new ProgramError(`${target.name}: nothing runs`);
    const { setup } = first;
    const lack = asked.lack?.(profileOf(setup));
    if (lack !== undefined) throw new ProgramError(`${target.name}: ${lack}`);
    const programs = programsOfSeed(first, seed);
    const trouble = own === undefined ? [] : notAvoided(setup, ownInputs(first, own), known);
    const findings: Finding[] = [];
    let next = 0;
    for (; next < from; next++) programs.next();
    const work = async (lane: Lane): Promise<void> => {
      while (
        findings.length === 0 &&
        next < from + runs &&
        performance.now() < end &&
        !stop?.aborted
      ) {
        const index = next;
        next += 1;
        const inputs =
          own === undefined
            ? inputsFor(lane, programs.next().value as Program, known, tally)
            : ownInputs(lane, own);
        const outcome = await unlessStopped(lane.run(inputs), stop);
        if (outcome === undefined) return;
        count(tally, outcome);
        if (isFinding(outcome)) findings.push({ ...outcome, setup, inputs, seed, index });
        watch(tally);
      }
    };
    await Promise.all(lanes.map(work));
    // Of several that ran at a time the first of the seed, whichever was done first.
    const [finding] = findings.toSorted((one, other) => one.index - other.index);
    const { title } = first;
    return { tally, finding, title, notAvoided: trouble.map(({ id }) => id) };
  } finally {
    for (const lane of await Promise.allSettled(opened)) {
      if (lane.status === "fulfilled") await lane.value.stop();
    }
  }
}
