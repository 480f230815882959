/** One target of one chart that leads to another state than it should. */
export interface TurnedTarget {
  readonly chart: string;
  /** Where the transition is written; `undefined` for one that every state has. */
  readonly from: string | undefined;
  readonly stimulus: string;
  /** Its place among those of the stimulus. */
  readonly index: number;
  /** The wrong state. */
  readonly to: string;
}

type Row = Readonly<Record<string, unknown>>;

interface RawNode {
  readonly on?: Row;
}

/** What is edited of a chart's definition. */
interface RawDefinition extends RawNode {
  readonly id: string;
  readonly states: Readonly<Record<string, RawNode>>;
}

/** A node whose transition leads to another state; `dot` is what xstate wants before a target. */
function turnedNode(node: RawNode, { stimulus, index, to }: TurnedTarget, dot: string): RawNode {
  const row = [node.on?.[stimulus]].flat();
  const old = row[index];
  const parts = typeof old === "string" ? {} : (old as object);
  const next = row.with(index, { ...parts, target: `${dot}${to}` });
  return { ...node, on: { ...node.on, [stimulus]: next } };
}

/** A chart's definition with one target turned, if it is the chart that is meant. */
export function turned<Definition>(definition: Definition, mutant: TurnedTarget): Definition {
  const raw = definition as RawDefinition;
  if (raw.id !== mutant.chart) return definition;
  const { from } = mutant;
  if (from === undefined) return { ...raw, ...turnedNode(raw, mutant, ".") } as Definition;
  const state = turnedNode(raw.states[from] ?? {}, mutant, "");
  return { ...raw, states: { ...raw.states, [from]: state } } as Definition;
}
