import { charts } from "../../machines/charts.ts";
import { transitionsOf } from "../../machines/transitions.ts";
import { transitionName } from "../laws/chart-transitions.ts";
import type { TurnedTarget } from "./turn-target.ts";

/** A mutant of a chart: one target, turned to one other state. */
export interface ChartMutant extends TurnedTarget {
  /** The transition in words, and where it leads. */
  readonly id: string;
}

/** Every target of every chart, turned to each other state. What has no target is no mutant. */
export const chartMutants: readonly ChartMutant[] = charts.flatMap((chart) =>
  transitionsOf(chart).flatMap((transition) => {
    const { from, stimulus, index, to: right } = transition;
    if (right === undefined) return [];
    return chart.states
      .filter((state) => state !== right)
      .map((to) => {
        const id = `${chart.id}: ${transitionName(transition)} → ${to}`;
        return { id, chart: chart.id, from, stimulus, index, to };
      });
  }),
);
