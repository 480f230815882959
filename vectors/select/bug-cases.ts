import type { Bug } from "../../properties/bugs/bug.ts";
import { makeSteps } from "../make.ts";
import type { SmallCase } from "./case.ts";
import { profileOfCase } from "./case.ts";
import type { Mutant } from "./mutant.ts";
import { wordsOf } from "./mutant.ts";
import type { Trial } from "./mutant-worker.ts";
import type { Candidate } from "./pool.ts";
import { smallest } from "./small.ts";

/** A case with what to ask for it. */
export function trialOf(one: SmallCase): Trial {
  const profile = profileOfCase(one);
  return { words: wordsOf(profile), steps: makeSteps(profile, one.inputs).steps };
}

/** The first of some programs that the model with a bug fails, made small. */
export async function caseFor(
  bug: Bug,
  mutant: Mutant,
  pool: readonly Candidate[],
): Promise<SmallCase | undefined> {
  const trials = pool.map(({ profile, made }) => ({ words: wordsOf(profile), steps: made.steps }));
  const [first] = await mutant.failed(trials, 1);
  const found = first === undefined ? undefined : pool[first];
  if (found === undefined) return undefined;
  const { name, profile, inputs, seed, index } = found;
  const words = wordsOf(profile);
  const small = await smallest(profile, inputs, async ({ steps }) => {
    return (await mutant.failed([{ words, steps }], 1)).length > 0;
  });
  const from = { seed, program: index };
  return { id: bug.id, profile: name, bug: bug.id, from, inputs: small };
}
