import { isDeepStrictEqual } from "node:util";
import { parentPort } from "node:worker_threads";
import { profileOf } from "../../events/profile/profile.ts";
import { abilitiesOf } from "../../target/ability.ts";
import type { Request, UnitWords } from "../../target/implementation.ts";
import { modelTarget } from "../../target/model-target.ts";
import { ask, firstWrong } from "../judge.ts";
import type { VectorStep } from "../vector.ts";

/** A vector for the model that was bundled here, with a mistake in it. */
export interface Trial {
  readonly words: UnitWords;
  readonly steps: readonly VectorStep[];
}

/** Requests for it, and what the model without the mistake answers. */
export interface Questions {
  readonly words: UnitWords;
  readonly requests: readonly Request[];
  readonly answers: readonly unknown[];
}

/** What is asked at once: of vectors the first few that it fails, of questions all that differ. */
export type Batch =
  | { readonly trials: readonly Trial[]; readonly most: number }
  | { readonly questions: readonly Questions[] };

/** Which questions were answered otherwise, and how; nothing where no answer came. */
export interface OtherAnswers {
  readonly index: number;
  readonly answers: readonly unknown[] | undefined;
}

const targetOf = (words: UnitWords, physical: boolean) =>
  modelTarget(words, abilitiesOf(profileOf(words)), { physical });

/** Whether the devices may be physical ones: a shadow takes caching mode. */
const waysOf = (words: UnitWords): readonly boolean[] =>
  profileOf(words).cachingMode ? [false, true] : [false];

/** Whether the model answers something wrongly, or not at all, be its devices emulated or not. */
const isWrong = ({ words, steps }: Trial): boolean =>
  waysOf(words).some((physical) => {
    try {
      return firstWrong(targetOf(words, physical), steps) !== undefined;
    } catch {
      return true;
    }
  });

function failed(trials: readonly Trial[], most: number): readonly number[] {
  const found: number[] = [];
  for (const [index, trial] of trials.entries()) {
    if (found.length >= most) break;
    if (isWrong(trial)) found.push(index);
  }
  return found;
}

function others(questions: readonly Questions[]): readonly OtherAnswers[] {
  return questions.flatMap(({ words, requests, answers: wanted }, index) =>
    waysOf(words).flatMap((physical): readonly OtherAnswers[] => {
      try {
        const target = targetOf(words, physical);
        const answers = requests.map((request) => ask(target, request));
        return isDeepStrictEqual(answers, wanted) ? [] : [{ index, answers }];
      } catch {
        return [{ index, answers: undefined }];
      }
    }),
  );
}

parentPort?.on("message", (batch: Batch) => {
  const found = "trials" in batch ? failed(batch.trials, batch.most) : others(batch.questions);
  parentPort?.postMessage(found);
});
