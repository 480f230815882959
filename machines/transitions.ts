import type { AnyChart } from "./chart.ts";

/** One transition, in the words of the definition. */
export interface ChartTransition {
  /** `undefined` for one of every state that does not say otherwise. */
  readonly from: string | undefined;
  readonly stimulus: string;
  /** Its place among those of the stimulus. */
  readonly index: number;
  readonly guard: string | undefined;
  readonly facts: readonly string[];
  /** `undefined` where the unit stays as it is. */
  readonly to: string | undefined;
}

interface RawTransition {
  readonly guard?: string;
  readonly target?: string;
  readonly actions?: unknown;
}
type RawRow = Readonly<Record<string, string | RawTransition | readonly RawTransition[]>>;
interface RawNode {
  readonly on?: RawRow;
}

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : ([value].flat() as readonly T[]);

const factName = (action: unknown): string =>
  typeof action === "string" ? action : (action as { readonly type: string }).type;

function transitionsFrom(from: string | undefined, on: RawRow = {}): readonly ChartTransition[] {
  return Object.entries(on).flatMap(([stimulus, raw]) =>
    listOf<string | RawTransition>(raw).map((one, index): ChartTransition => {
      const { guard, target, actions } = typeof one === "string" ? { target: one } : one;
      const facts = listOf(actions).map(factName);
      return { from, stimulus, index, guard, facts, to: target?.replace(/^\./, "") };
    }),
  );
}

/** Every transition of a chart, in the order of its definition. */
export function transitionsOf({ machine }: AnyChart): readonly ChartTransition[] {
  const { states, on } = machine.config as { states?: Record<string, RawNode> } & RawNode;
  const own = Object.entries(states ?? {}).flatMap(([name, node]) =>
    transitionsFrom(name, node.on),
  );
  return [...own, ...transitionsFrom(undefined, on)];
}
