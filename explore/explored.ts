import { configurations } from "./configurations.ts";
import type { Configuration } from "./engine/configuration.ts";
import type { Bounds, Ending } from "./engine/search.ts";
import { search } from "./engine/search.ts";
import type { Finding } from "./story/finding.ts";
import { findingOf } from "./story/finding.ts";
import { follow } from "./story/follow.ts";

/** What exploring a configuration came to, in plain values. */
export interface Explored {
  readonly ending: Ending;
  readonly states: number;
  readonly levels: readonly number[];
  readonly finding: Finding | undefined;
}

/** The configuration of a name. @throws Error when there is none. */
export function configurationOf(name: string): Configuration {
  const configuration = configurations.find((one) => one.name === name);
  if (configuration === undefined) throw new Error(`there is no configuration ${name}`);
  return configuration;
}

/**
 * Explores a configuration by its name.
 *
 * @param laws  the laws that are asked instead of the configuration's own.
 */
export function explored(name: string, bounds: Bounds, laws?: readonly string[]): Explored {
  const configuration = configurationOf(name);
  const outcome = search({ ...configuration, laws: laws ?? configuration.laws }, bounds);
  const { ending, states, levels } = outcome;
  return { ending, states, levels, finding: findingOf(outcome) };
}

/** What is wrong after the last of some moves, each by what it says. */
export const followed = (name: string, moves: readonly string[]): Finding | undefined =>
  follow(configurationOf(name), moves);
