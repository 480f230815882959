import { charts } from "../../machines/charts.ts";
import { allTransitions } from "./coverage.ts";

/** What a search has seen of a chart. */
export interface Reached {
  readonly chart: string;
  readonly states: readonly { readonly state: string; readonly isReached: boolean }[];
  readonly transitions: readonly {
    readonly from: string | undefined;
    readonly stimulus: string;
    readonly guard: string | undefined;
    readonly to: string | undefined;
    readonly times: number;
  }[];
}

/** States and transitions of every chart, with how often each transition was taken. */
export function reachedOf(taken: readonly number[]): readonly Reached[] {
  return charts.map((chart) => {
    const transitions = allTransitions.flatMap(({ chart: other, transition }, place) => {
      if (other !== chart) return [];
      const { from, stimulus, guard, to } = transition;
      return [{ from, stimulus, guard, to, times: taken[place] ?? 0 }];
    });
    const seen = new Set<string | undefined>([chart.initial]);
    for (const { from, to, times } of transitions) {
      if (times > 0) seen.add(from).add(to);
    }
    const states = chart.states.map((state) => ({ state, isReached: seen.has(state) }));
    return { chart: chart.id, states, transitions };
  });
}
