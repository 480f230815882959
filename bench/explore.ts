import { configurations } from "../explore/configurations.ts";
import { search } from "../explore/engine/search.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { bestSeconds } from "./measure.ts";

/** Configurations that are explored to a number of states. */
const explored = ["revoke", "ring", "scopes"] as const;

/** New states a second, and moves made for them, each judged. */
export function measureExplore(effort: Effort): readonly Figure[] {
  const states = effort.short ? 300 : 2000;
  return explored.flatMap((name): readonly Figure[] => {
    const configuration = configurations.find((one) => one.name === name);
    if (configuration === undefined) throw new Error(`there is no configuration ${name}`);
    const bounds = { states, depth: Number.MAX_SAFE_INTEGER, symmetric: true };
    let moves = 0;
    const seconds = bestSeconds({ ...effort, seconds: 0 }, () => {
      moves = search(configuration, bounds).counts.transitions;
    });
    const group = `explore, ${states.toString()} states`;
    return [
      { group, name, value: states / seconds, unit: "states/s" },
      { group, name: `${name}, moves`, value: moves / seconds, unit: "moves/s" },
    ];
  });
}
