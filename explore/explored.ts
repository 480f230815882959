import { configurations } from "./configurations.ts";
import type { Bounds, Ending } from "./engine/search.ts";
import { search } from "./engine/search.ts";
import type { Finding } from "./story/finding.ts";
import { findingOf } from "./story/finding.ts";

/** What exploring a configuration came to, in plain values. */
export interface Explored {
  readonly ending: Ending;
  readonly states: number;
  readonly levels: readonly number[];
  readonly finding: Finding | undefined;
}

/** Explores a configuration by its name. @throws Error when there is none of the name. */
export function explored(name: string, bounds: Bounds): Explored {
  const configuration = configurations.find((one) => one.name === name);
  if (configuration === undefined) throw new Error(`there is no configuration ${name}`);
  const outcome = search(configuration, bounds);
  const { ending, states, levels } = outcome;
  return { ending, states, levels, finding: findingOf(outcome) };
}
