import { isDeepStrictEqual } from "node:util";
import type { Input } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import type { GuestSetup } from "../events/setup.ts";
import type { Ability, UnitWords } from "../target/implementation.ts";
import type { Known } from "../target/known.ts";
import type { Lane, ProgramRun } from "../target/lane.ts";
import { openLane, unlessStopped } from "../target/lane.ts";
import { ProgramError } from "../target/program-error.ts";
import { sendableInputs } from "../target/sendable.ts";
import type { TargetPlan } from "../target/target.ts";
import { isCertain } from "./certain.ts";
import { same } from "./chosen.ts";
import type { VectorFile } from "./format.ts";
import { inputOf } from "./input-of.ts";
import { wrongAnswer } from "./judge.ts";
import { makeSteps } from "./make.ts";
import type { Vector, VectorStep } from "./vector.ts";

/** What a case came to. */
export type Verdict =
  /** It is answered as it has to be. */
  | "passed"
  /** All that differs is known of the target. */
  | "known"
  /** Something differs that nobody knows. */
  | "failed"
  /** It agrees as far as it was compared; then the target did something that is open. */
  | "in part"
  /** A unit with these capabilities has to answer otherwise. */
  | "other unit"
  /** The target does not say that it can do what is asked. */
  | "not asked";

/** A case and what it came to. */
export interface Checked {
  readonly vector: Vector;
  readonly verdict: Verdict;
  /** Known deviations that were met. */
  readonly deviations: readonly string[];
  /** What differs, or why it was not run. */
  readonly text?: string;
  /** How it went, where it was run. */
  readonly run?: ProgramRun & { readonly setup: GuestSetup; readonly inputs: readonly Input[] };
}

/** A file of vectors that this version of the model did not make: which case, and why. */
export class StaleVectorsError extends Error {
  readonly file: VectorFile;
  readonly line: number;

  constructor(file: VectorFile, { id }: Vector, other: string) {
    super(`${id} is not what this version makes of it: ${other}; write the files anew`);
    this.file = file;
    this.line = file.lines.get(id) ?? 1;
  }
}

/** The inputs of a vector. */
const inputsOf = ({ steps }: Vector): readonly Input[] =>
  steps.flatMap(({ request }) => inputOf(request) ?? []);

/**
 * The first step of a vector that the model, as this unit, answers otherwise.
 *
 * @param isOwn  whether it was made for this very unit, and so asks the very same.
 */
function otherAnswer(unit: Profile, vector: Vector, inputs: readonly Input[], isOwn: boolean) {
  const isOfAll = ({ about }: VectorStep): boolean => about === "all";
  const made = makeSteps(unit, inputs);
  const [own, other] = [made.steps, vector.steps].map((steps) => steps.filter((s) => !isOfAll(s)));
  if (own?.length !== other?.length) return "another number of steps";
  for (const [index, step] of (own ?? []).entries()) {
    const { request, expect } = other?.[index] ?? step;
    const isSameStep = isOwn
      ? isDeepStrictEqual(request, step.request)
      : request.op === step.request.op;
    if (!isSameStep) return `step ${(index + 1).toString()} is another one`;
    const wrong = wrongAnswer({ request, expect }, step.expect);
    if (wrong !== undefined) return wrong;
  }
  return isCertain(unit, inputs, made) ? undefined : "its answers are open";
}

const isSameUnit = (one: UnitWords, other: UnitWords): boolean =>
  one.ver === other.ver && one.cap === other.cap && one.ecap === other.ecap;

/** Whether a case can be put to a unit; else why not. */
function refusal(
  { setup, can }: Lane,
  file: VectorFile,
  vector: Vector,
  inputs: readonly Input[],
): Pick<Checked, "verdict" | "text"> | undefined {
  const lacking = vector.needs.filter((each: Ability) => !can.has(each));
  if (lacking.length > 0) return { verdict: "not asked", text: `it needs ${lacking.join(", ")}` };
  const unit = profileOf(setup);
  if (!same(sendableInputs(unit, inputs, can), inputs)) {
    return { verdict: "other unit", text: "software must not ask that of this unit" };
  }
  const isOwn = isSameUnit(file.words, unit);
  const other = otherAnswer(unit, vector, inputs, isOwn);
  if (other === undefined) return undefined;
  if (!isOwn) return { verdict: "other unit", text: other };
  throw new StaleVectorsError(file, vector, other);
}

/** What is left out, since the target would not survive it. */
function avoidedIn(setup: GuestSetup, inputs: readonly Input[], { avoided }: Known) {
  const unit = profileOf(setup);
  return avoided.filter(({ change, without }) => {
    const changed = inputs.some((input) => change(input, unit) !== input);
    return changed || (without?.(setup, inputs) ?? inputs).length < inputs.length;
  });
}

async function checkOne(lane: Lane, known: Known, file: VectorFile, vector: Vector) {
  const inputs = inputsOf(vector);
  const refused = refusal(lane, file, vector, inputs);
  if (refused !== undefined) return { vector, deviations: [], ...refused };
  const avoided = avoidedIn(lane.setup, inputs, known).map(({ id }) => id);
  if (avoided.length > 0) {
    const text = "not run: the target would not do what is asked, or not survive it";
    return { vector, verdict: "known", deviations: avoided, text } as const;
  }
  const run = await lane.run(inputs);
  return verdictOf(vector, { ...run, setup: lane.setup, inputs });
}

function verdictOf(vector: Vector, run: NonNullable<Checked["run"]>): Checked {
  const { comparison, death, steps, inputs } = run;
  const deviations = [...(comparison?.met.keys() ?? [])];
  const text = death ?? comparison?.difference?.text;
  if (text !== undefined) return { vector, verdict: "failed", deviations, text, run };
  if (deviations.length > 0) return { vector, verdict: "known", deviations, run };
  const isWhole = comparison?.agreed === steps.length && steps.length === inputs.length;
  return { vector, verdict: isWhole ? "passed" : "in part", deviations, run };
}

/** What to check, and on what. */
export interface Check {
  readonly target: TargetPlan;
  readonly known: Known;
  readonly files: readonly VectorFile[];
  /** What a target's unit lacks that has to be there, in words. */
  readonly lack?: (profile: Profile) => string | undefined;
  /** Ends it early, and the target, whatever it is about. */
  readonly stop?: AbortSignal;
  /** Told after each case. */
  readonly watch: (done: number, all: number) => void;
}

/**
 * Puts the cases of some files to a target, each once, and compares every answer, as a campaign of
 * random programs does. Ended early, it says nothing of the case that was under way.
 *
 * @throws ProgramError when the target cannot be started, StaleVectorsError for a file that another
 *   version made.
 */
export async function checkVectors(asked: Check): Promise<{
  /** The target's unit; unknown where it was ended before it said so. */
  readonly setup: GuestSetup | undefined;
  /** What the target calls itself, where it says so. */
  readonly title: string | undefined;
  readonly checked: readonly Checked[];
}> {
  const { target, known, files, stop, watch } = asked;
  const lane = await unlessStopped(openLane(target, known, { end: stop }), stop);
  if (lane === undefined) return { setup: undefined, title: undefined, checked: [] };
  try {
    const { setup } = lane;
    const lack = asked.lack?.(profileOf(setup));
    if (lack !== undefined) throw new ProgramError(`${target.name}: ${lack}`);
    const checked = new Map<string, Checked>();
    const all = files.flatMap((file) => file.vectors.map((vector) => ({ file, vector })));
    for (const [index, { file, vector }] of all.entries()) {
      if (stop?.aborted) break;
      // A case that one file has for another unit may stand in the next for this one.
      const before = checked.get(vector.id)?.verdict;
      if (before === undefined || before === "other unit") {
        const one = await unlessStopped(checkOne(lane, known, file, vector), stop);
        if (one === undefined) break;
        checked.set(vector.id, one);
      }
      watch(index + 1, all.length);
    }
    return { setup, title: lane.title, checked: [...checked.values()] };
  } finally {
    await lane.stop();
  }
}
