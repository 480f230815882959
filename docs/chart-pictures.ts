import type { AnyChart } from "../machines/chart.ts";
import { charts } from "../machines/charts.ts";
import { table } from "./table.ts";

/** One transition, in the words of the definition. */
interface Arrow {
  /** `any` for one of every state that does not say otherwise. */
  readonly from: string;
  readonly stimulus: string;
  readonly guard: string | undefined;
  readonly facts: readonly string[];
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

function arrowsFrom(from: string, on: RawRow = {}): readonly Arrow[] {
  return Object.entries(on).flatMap(([stimulus, raw]) =>
    listOf<string | RawTransition>(raw).map((one): Arrow => {
      const { guard, target, actions } = typeof one === "string" ? { target: one } : one;
      const facts = listOf(actions).map(factName);
      return { from, stimulus, guard, facts, to: target?.replace(/^\./, "") };
    }),
  );
}

/** Every transition of a chart, in the order of its definition. */
function arrowsOf({ machine }: AnyChart): readonly Arrow[] {
  const { states, on } = machine.config as { states?: Record<string, RawNode> } & RawNode;
  const own = Object.entries(states ?? {}).flatMap(([name, node]) => arrowsFrom(name, node.on));
  return [...own, ...arrowsFrom("any", on)];
}

/** A Mermaid state diagram: the transitions that lead elsewhere. */
function pictureOf(chart: AnyChart, arrows: readonly Arrow[]): string {
  // From every state to every other there would be more arrows than a picture can bear.
  const isWeb = arrows.every(({ from }) => from === "any");
  const sources = ({ from }: Arrow) => (from === "any" && !isWeb ? chart.states : [from]);
  const moves = arrows.flatMap((arrow) =>
    sources(arrow)
      .filter((from) => arrow.to !== undefined && arrow.to !== from)
      .map((from) => {
        const when = arrow.guard === undefined ? "" : ` [${arrow.guard}]`;
        return `  ${from} --> ${arrow.to}: ${arrow.stimulus}${when}`;
      }),
  );
  const lines = ["stateDiagram-v2", `  [*] --> ${chart.initial}`, ...moves];
  return ["```mermaid", ...lines, "```"].join("\n");
}

const code = (word: string | undefined): string => (word === undefined ? "" : `\`${word}\``);

function sectionOf(chart: AnyChart): string {
  const arrows = arrowsOf(chart);
  const rows = arrows.map(({ from, stimulus, guard, facts, to }) => [
    from === "any" ? "any" : code(from),
    code(stimulus),
    code(guard),
    facts.map(code).join(", "),
    code(to),
  ]);
  const heading = `## ${chart.id.charAt(0).toUpperCase()}${chart.id.slice(1)}`;
  const text = table(["state", "stimulus", "if", "facts", "next"], rows);
  // A chart of one state is a list of rules: there is nothing to draw.
  if (chart.states.length === 1) return [heading, text].join("\n\n");
  return [heading, pictureOf(chart, arrows), text].join("\n\n");
}

/** The page that shows every chart as a picture and as a table, from its definition. */
export function chartPage(): string {
  const text = [
    "# Charts",
    "Derived from the charts in `machines/` by `npm run docs`; change those.",
    "A stimulus is what a unit is told. Of several transitions the first whose guard holds is " +
      "taken; its facts are what follows, and the first of them takes the unit to its next " +
      "state. Where no next state is named the unit stays as it is.",
    ...charts.map(sectionOf),
  ];
  return `${text.join("\n\n")}\n`;
}
