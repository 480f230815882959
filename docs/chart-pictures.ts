import type { AnyChart } from "../machines/chart.ts";
import { charts } from "../machines/charts.ts";
import type { ChartTransition } from "../machines/transitions.ts";
import { transitionsOf } from "../machines/transitions.ts";
import { table } from "./table.ts";

/** What "any state" is drawn as, since it is none. */
const everywhere = ['  state "any state" as any', "  classDef every stroke-dasharray: 5 5"];

/**
 * A Mermaid state diagram: the transitions that lead elsewhere, or all of a chart that has only one
 * state.
 */
function pictureOf(chart: AnyChart, arrows: readonly ChartTransition[]): string {
  // From every state to every other there would be more arrows than a picture can bear.
  const isSingle = chart.states.length === 1;
  const isWeb = arrows.every(({ from }) => from === undefined);
  const sources = ({ from }: ChartTransition) => {
    if (from !== undefined) return [from];
    return isWeb ? ["any"] : chart.states;
  };
  const moves = arrows.flatMap((arrow) =>
    sources(arrow)
      .filter((from) => isSingle || (arrow.to !== undefined && arrow.to !== from))
      .map((from) => {
        const when = arrow.guard === undefined ? "" : ` [${arrow.guard}]`;
        return `  ${from} --> ${arrow.to ?? from}: ${arrow.stimulus}${when}`;
      }),
  );
  const begin = `  [*] --> ${chart.initial}`;
  const lines = ["stateDiagram-v2", ...(isWeb ? everywhere : []), begin, ...moves];
  if (isWeb) lines.push("  class any every");
  return ["```mermaid", ...lines, "```"].join("\n");
}

const code = (word: string | undefined): string => (word === undefined ? "" : `\`${word}\``);

function sectionOf(chart: AnyChart): string {
  const arrows = transitionsOf(chart);
  const rows = arrows.map(({ from, stimulus, guard, facts, to }) => [
    from === undefined ? "any" : code(from),
    code(stimulus),
    code(guard),
    facts.map(code).join(", "),
    code(to),
  ]);
  const heading = `## ${chart.id.charAt(0).toUpperCase()}${chart.id.slice(1)}`;
  const text = table(["state", "stimulus", "if", "facts", "next"], rows);
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
    "A picture leaves out the transitions that lead back to the same state, which the table has " +
      "as well, unless the chart has one state only.",
    "A dashed *any state* in a picture is no state: its arrows lead from every one.",
    ...charts.map(sectionOf),
  ];
  return `${text.join("\n\n")}\n`;
}
