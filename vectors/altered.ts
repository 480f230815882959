import { isDeepStrictEqual } from "node:util";
import type { Input } from "../events/input.ts";
import { parseJson } from "../events/json.ts";
import type { Profile } from "../events/profile/profile.ts";
import { profileOf } from "../events/profile/profile.ts";
import { needsOf } from "./chosen.ts";
import type { VectorFile } from "./format.ts";
import { plain } from "./format.ts";
import { inputOf } from "./input-of.ts";
import { wrongAnswer } from "./judge.ts";
import { makeSteps } from "./make.ts";
import type { Vector, VectorStep } from "./vector.ts";

/** The inputs of a vector. */
export const inputsOf = ({ steps }: Vector): readonly Input[] =>
  steps.flatMap(({ request }) => inputOf(request) ?? []);

/** What a file has of a step, whatever the order of its fields. */
const written = (value: unknown): unknown => parseJson(JSON.stringify(value, plain));

/** Why a step is not the one that the model makes; `undefined` where it is. */
function otherStep(step: VectorStep, made: VectorStep): string | undefined {
  if (isDeepStrictEqual(written(step), written(made))) return undefined;
  const { request, expect } = step;
  if (!isDeepStrictEqual(written(request), written(made.request))) return "is another one";
  const wrong = wrongAnswer({ request, expect }, made.expect);
  return wrong === undefined ? "expects something else" : `: ${wrong}`;
}

/** What of a vector is not as the model makes it for its own unit; `undefined` when nothing is. */
function alteration(unit: Profile, vector: Vector): string | undefined {
  const inputs = inputsOf(vector);
  const { steps } = makeSteps(unit, inputs);
  for (const [index, made] of steps.entries()) {
    const step = vector.steps[index];
    if (step === undefined) return `it ends before step ${(index + 1).toString()}`;
    const other = otherStep(step, made);
    if (other !== undefined) return `step ${(index + 1).toString()}${other.replace(/^(?!:)/, " ")}`;
  }
  if (steps.length < vector.steps.length) return "it goes on after its last step";
  const [needs, own] = [vector.needs, needsOf(inputs)].map((all) => [...all].sort().join(", "));
  return needs === own ? undefined : `it needs ${own || "nothing"}`;
}

/**
 * The cases of a file that this version of the model makes otherwise, for the unit of the file, and
 * why; nothing of those that are as they should be.
 */
export function* alterationsIn({ profile, words, vectors }: VectorFile) {
  const unit = profileOf({ name: profile, ...words });
  for (const vector of vectors) yield { vector, text: alteration(unit, vector) };
}
