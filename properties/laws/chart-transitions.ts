import type { AnyMachineSnapshot } from "xstate";
import { transition } from "xstate";
import type { AnyChart } from "../../machines/chart.ts";
import type { ChartTransition } from "../../machines/transitions.ts";
import { transitionsOf } from "../../machines/transitions.ts";

/** What a transition is called, among those of its chart. */
export function transitionName({ from, stimulus, index, guard }: ChartTransition): string {
  const when = guard ?? (index === 0 ? undefined : "else");
  return `${from ?? "any state"}, ${stimulus}${when === undefined ? "" : ` [${when}]`}`;
}

const known = new Map<AnyChart, ReadonlyMap<string, ChartTransition>>();

/** A chart's transitions by where they stand. */
function placesOf(chart: AnyChart): ReadonlyMap<string, ChartTransition> {
  const made =
    known.get(chart) ??
    new Map(
      transitionsOf(chart).map((one) => [`${one.from} ${one.stimulus} ${one.index}`, one] as const),
    );
  known.set(chart, made);
  return made;
}

/** Where xstate itself leads a stimulus, and by which transition. */
export interface Reference {
  readonly state: string;
  /** `undefined` where the chart ignores the stimulus. */
  readonly by: ChartTransition | undefined;
}

/** What xstate's own `transition` makes of a stimulus, with the unit as context. */
export function referenceStep(
  chart: AnyChart,
  state: string,
  stimulus: { readonly type: string },
  unit: unknown,
): Reference {
  const { machine } = chart;
  const at: AnyMachineSnapshot = machine.resolveState({ value: state, context: unit } as never);
  const [next] = transition(machine, at, stimulus);
  const [chosen] = machine.getTransitionData(at, stimulus);
  const source = chosen?.source === machine.root ? undefined : chosen?.source.key;
  const index = chosen?.source.transitions.get(stimulus.type)?.indexOf(chosen);
  const by = placesOf(chart).get(`${source} ${stimulus.type} ${index}`);
  return { state: String((next as AnyMachineSnapshot).value), by };
}
