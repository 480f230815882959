import type { AnyMachineSnapshot, AnyStateNode } from "xstate";
import { transition } from "xstate";
import type { AnyChart } from "../../machines/chart.ts";

/** One transition as a chart's definition has it. */
export interface ChartTransition {
  /** Where it is written: a state, or `undefined` for what every state has in common. */
  readonly state: string | undefined;
  readonly stimulus: string;
  /** Its place among those of the stimulus. */
  readonly index: number;
  readonly target: string | undefined;
  readonly name: string;
}

function transitionsIn(node: AnyStateNode, state: string | undefined): readonly ChartTransition[] {
  return [...node.transitions].flatMap(([stimulus, branches]) =>
    branches.map(({ guard, target }, index) => {
      const asked = typeof guard === "string" ? guard : "else";
      const question = branches.length === 1 && guard === undefined ? "" : ` [${asked}]`;
      const name = `${state ?? "any state"}, ${stimulus}${question}`;
      return { state, stimulus, index, target: target?.[0]?.key, name };
    }),
  );
}

const known = new Map<AnyChart, readonly ChartTransition[]>();

/** Every transition of a chart, in the order of its definition. */
export function transitionsOf(chart: AnyChart): readonly ChartTransition[] {
  const { root } = chart.machine;
  const made = known.get(chart) ?? [
    ...Object.values(root.states).flatMap((node) => transitionsIn(node, node.key)),
    ...transitionsIn(root, undefined),
  ];
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
  const index = chosen?.source.transitions.get(stimulus.type)?.indexOf(chosen);
  const source = chosen?.source === machine.root ? undefined : chosen?.source.key;
  const by = transitionsOf(chart).find(
    (one) => one.index === index && one.stimulus === stimulus.type && one.state === source,
  );
  return { state: String((next as AnyMachineSnapshot).value), by };
}
