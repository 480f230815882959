import type { Profile } from "../../events/profile/profile.ts";
import { abilitiesOf } from "../../target/ability.ts";
import { sightOf } from "../../target/answers-sight.ts";
import { compare } from "../../target/compare.ts";
import type { Request } from "../../target/implementation.ts";
import { everyRegister } from "../../target/implementation-target.ts";
import { nothingKnown } from "../../target/known.ts";
import { modelTarget } from "../../target/model-target.ts";
import type { Asked } from "../../target/requests.ts";
import { askedOf } from "../../target/requests.ts";
import { setupOf } from "../../target/setup.ts";
import type { Steps } from "../../target/sight.ts";
import { ask } from "../judge.ts";
import type { Mutant } from "./mutant.ts";
import { wordsOf } from "./mutant.ts";
import type { Questions } from "./mutant-worker.ts";

/** A random program as `fuzz` asks a target. */
export interface Asking extends Questions {
  readonly profile: Profile;
  readonly steps: Steps;
  readonly asked: Asked;
}

/** A program, and what the model answers, as a target. */
export function askingOf(profile: Profile, steps: Steps): Asking {
  const words = wordsOf(profile);
  const reset: Request = { op: "reset", ...words };
  const asked = askedOf(steps, reset, everyRegister(profile));
  const target = modelTarget(words, abilitiesOf(profile));
  const answers = asked.requests.map((request) => ask(target, request));
  return { profile, steps, asked, words, requests: asked.requests, answers };
}

/** Whether answers differ from what the model allows, as `fuzz` sees it. */
function isDifference({ profile, steps, asked }: Asking, answers: readonly unknown[] | undefined) {
  if (answers === undefined) return true;
  try {
    const sight = sightOf(steps, asked, answers);
    return compare(setupOf(profile), steps, sight, nothingKnown).difference !== undefined;
  } catch {
    return true;
  }
}

/** Whether some of the programs shows a difference between the model with a bug and the model. */
export async function isSeen(mutant: Mutant, askings: readonly Asking[]): Promise<boolean> {
  for (const asking of askings) {
    const { words, requests, answers } = asking;
    const found = await mutant.others([{ words, requests, answers }]);
    if (found.some((each) => isDifference(asking, each.answers))) return true;
  }
  return false;
}
