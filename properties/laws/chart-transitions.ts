import type { AnyMachineSnapshot } from "xstate";
import { transition } from "xstate";
import type { AnyChart } from "../../machines/chart.ts";
import type { ChartTransition } from "../../machines/transitions.ts";
import { transitionsOf } from "../../machines/transitions.ts";

const names = new WeakMap<ChartTransition, string>();

/** What a transition is called, among those of its chart. */
export function transitionName(one: ChartTransition): string {
  const known = names.get(one) ?? nameOf(one);
  names.set(one, known);
  return known;
}

function nameOf({ from, stimulus, index, guard }: ChartTransition): string {
  const when = guard ?? (index === 0 ? undefined : "else");
  return `${from ?? "any state"}, ${stimulus}${when === undefined ? "" : ` [${when}]`}`;
}

const places = new Map<AnyChart, ReadonlyMap<string, ChartTransition>>();

/** A chart's transitions by where they stand. */
function placesOf(chart: AnyChart): ReadonlyMap<string, ChartTransition> {
  const made =
    places.get(chart) ??
    new Map(
      transitionsOf(chart).map((one) => [`${one.from} ${one.stimulus} ${one.index}`, one] as const),
    );
  places.set(chart, made);
  return made;
}

/** Where xstate itself leads a stimulus, and by which transition. */
export interface Reference {
  readonly state: string;
  /** `undefined` where the chart ignores the stimulus. */
  readonly by: ChartTransition | undefined;
}

type Stimulus = { readonly type: string };
type Chosen = NonNullable<ReturnType<AnyChart["machine"]["getTransitionData"]>[number]>;

const transitionNamed = (chart: AnyChart, stimulus: Stimulus, chosen: Chosen | undefined) => {
  const source = chosen?.source === chart.machine.root ? undefined : chosen?.source.key;
  const index = chosen?.source.transitions.get(stimulus.type)?.indexOf(chosen);
  return placesOf(chart).get(`${source} ${stimulus.type} ${index}`);
};

/** What xstate's own `transition` makes of a stimulus, with the unit as context: the plain way. */
export function plainReference(
  chart: AnyChart,
  state: string,
  stimulus: Stimulus,
  unit: unknown,
): Reference {
  const { machine } = chart;
  const at: AnyMachineSnapshot = machine.resolveState({ value: state, context: unit } as never);
  const [next] = transition(machine, at, stimulus);
  const by = transitionNamed(chart, stimulus, machine.getTransitionData(at, stimulus)[0]);
  return { state: String((next as AnyMachineSnapshot).value), by };
}

/** One state of a chart as xstate has it, and where what xstate chose there has led. */
interface Known {
  readonly snapshot: AnyMachineSnapshot;
  readonly led: Map<Chosen | string, Reference>;
}

const known = new Map<AnyChart, Map<string, Known>>();

function knownIn(chart: AnyChart, state: string): Known {
  const states = known.get(chart) ?? new Map<string, Known>();
  known.set(chart, states);
  const made = states.get(state);
  if (made !== undefined) return made;
  const snapshot = chart.machine.resolveState({ value: state, context: {} } as never);
  const one = { snapshot, led: new Map() };
  states.set(state, one);
  return one;
}

/**
 * The same at less cost. xstate looks at the guards of every stimulus and chooses; where that leads
 * from a state is a matter of what it chose alone, and asked once.
 */
export function referenceStep(
  chart: AnyChart,
  state: string,
  stimulus: Stimulus,
  unit: unknown,
): Reference {
  const { snapshot, led } = knownIn(chart, state);
  snapshot.context = unit;
  const [chosen] = chart.machine.getTransitionData(snapshot, stimulus);
  const what = chosen ?? stimulus.type;
  const found = led.get(what);
  if (found !== undefined) return found;
  const made = plainReference(chart, state, stimulus, unit);
  led.set(what, made);
  return made;
}
