import type { Fact } from "../../events/fact.ts";
import type { Outcome } from "../engine/search.ts";
import { logOf } from "./log.ts";
import { retell } from "./retell.ts";

/** Something wrong, and a shortest way to it. */
export interface Finding {
  /** The moves, one sentence each. */
  readonly moves: readonly string[];
  /** The id of the law that the last move breaks, or `question`. */
  readonly law: string;
  readonly text: string;
  /** What followed from the last move. */
  readonly facts: readonly Fact[];
  /** The way as a log. */
  readonly log: string;
}

/** What a search has found wrong, if anything. */
export function findingOf({ configuration, way, wrong }: Outcome): Finding | undefined {
  if (way === undefined || wrong === undefined) return undefined;
  const told = retell(configuration, way);
  const { law, text } = wrong;
  return {
    ...{ law, text, moves: told.map(({ says }) => says), log: logOf(configuration, told) },
    facts: told.at(-1)?.steps.flatMap(({ facts }) => facts) ?? [],
  };
}
