import type { Configuration, Move, State } from "../engine/configuration.ts";
import { askedOf, brokenByMove, brokenByState } from "../engine/laws.ts";
import { makeMove } from "../engine/make-move.ts";
import { startOf } from "../engine/search.ts";
import type { Finding } from "./finding.ts";
import { logOf } from "./log.ts";
import type { Told } from "./retell.ts";

/**
 * Makes moves one after the other, and asks the question and the laws of each.
 *
 * @param sentences  what each move says.
 * @returns what is wrong after the last one; nothing when something is before it, when one is not
 *   possible, or when all is well.
 */
export function follow(
  configuration: Configuration,
  sentences: readonly string[],
): Finding | undefined {
  const asked = askedOf(configuration.laws);
  const told: Told[] = [];
  let state: State<object> = startOf(configuration);
  for (const says of sentences) {
    const move = configuration.moves.find((one) => one.says === says) as Move<object> | undefined;
    const made = move && makeMove(move, state);
    if (move === undefined || made === undefined) return undefined;
    told.push({ says, steps: made.steps });
    const known = move.knows(state.ghost);
    const { ghost, wrong } = configuration.judge(known, made.steps, made.world, () => undefined);
    const broken =
      wrong === undefined
        ? (brokenByMove(asked, configuration.setup, state, made) ??
          brokenByState(asked, made.world))
        : { law: "question", text: wrong };
    if (broken !== undefined) {
      const facts = made.steps.flatMap((step) => step.facts);
      const moves = told.map((one) => one.says);
      const { law, text } = broken;
      const isLast = told.length === sentences.length;
      return isLast ? { law, text, moves, facts, log: logOf(configuration, told) } : undefined;
    }
    state = { world: made.world, ghost };
  }
  return undefined;
}
