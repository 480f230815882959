import type { ChartStep } from "../../hypervisor/turn.ts";
import type { AnyChart } from "../../machines/chart.ts";
import { charts } from "../../machines/charts.ts";
import type { ChartTransition } from "../../machines/transitions.ts";
import { transitionsOf } from "../../machines/transitions.ts";

type Given = { readonly event: unknown; readonly context: unknown };
type Guard = (given: Given) => boolean;

/** A transition of a chart, by its place among those of all charts. */
interface Candidate {
  readonly place: number;
  readonly guard: Guard | undefined;
}

/** Every transition of every chart, in order: its chart and what it is. */
export const allTransitions: readonly {
  readonly chart: AnyChart;
  readonly transition: ChartTransition;
}[] = charts.flatMap((chart) => transitionsOf(chart).map((transition) => ({ chart, transition })));

/** By chart, state and stimulus: the transitions among which the first that may be is taken. */
const candidates = new Map<AnyChart, Map<string, Map<string, readonly Candidate[]>>>();

function candidatesOf(chart: AnyChart, state: string, stimulus: string): readonly Candidate[] {
  const known = candidates.get(chart)?.get(state)?.get(stimulus);
  if (known !== undefined) return known;
  const guards = chart.machine.implementations.guards as Readonly<Record<string, Guard>>;
  const ofStimulus = allTransitions.flatMap(({ chart: other, transition }, place) =>
    other === chart && transition.stimulus === stimulus ? [{ transition, place }] : [],
  );
  const own = ofStimulus.filter(({ transition }) => transition.from === state);
  const root = ofStimulus.filter(({ transition }) => transition.from === undefined);
  const made = [...own, ...root].map(({ transition: { guard }, place }) => ({
    place,
    guard: guard === undefined ? undefined : guards[guard],
  }));
  const ofChart = candidates.get(chart) ?? new Map<string, Map<string, readonly Candidate[]>>();
  const ofState = ofChart.get(state) ?? new Map<string, readonly Candidate[]>();
  candidates.set(chart, ofChart.set(state, ofState.set(stimulus, made)));
  return made;
}

/** How often each transition of every chart was taken. */
export type Taken = number[];

export const nothingTaken = (): Taken => allTransitions.map(() => 0);

/** Counts what charts were told. */
export function countSteps(taken: Taken, told: readonly ChartStep[]): void {
  for (const { chart, state, stimulus, unit: context } of told) {
    for (const { place, guard } of candidatesOf(chart, state, stimulus.type)) {
      if (guard !== undefined && !guard({ event: stimulus, context })) continue;
      taken[place] = (taken[place] as number) + 1;
      break;
    }
  }
}
