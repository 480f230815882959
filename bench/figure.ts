import { renderTable } from "../cli/render/table.ts";
import type { Terminal } from "../cli/terminal.ts";

/** What a figure should be, at least or at most, in the figure's own unit. */
export type Budget = { readonly atLeast: number } | { readonly atMost: number };

/** One measured line. */
export interface Figure {
  /** Groups lines that were measured together. */
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget?: Budget;
}

/** Whether a figure is within its budget; `undefined` when it has none. */
export function isReached({ value, budget }: Figure): boolean | undefined {
  if (budget === undefined) return undefined;
  return "atLeast" in budget ? value >= budget.atLeast : value <= budget.atMost;
}

/** Three significant digits, thousands apart; whole numbers from 100 on. */
function shown(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(3)).toString();
}

const budgetText = (budget: Budget | undefined): string => {
  if (budget === undefined) return "";
  return "atLeast" in budget ? `>= ${shown(budget.atLeast)}` : `<= ${shown(budget.atMost)}`;
};

/** `yes`, or by what factor the figure misses its budget. */
function reachedText(figure: Figure): string {
  const reached = isReached(figure);
  if (reached === undefined || figure.budget === undefined) return "";
  if (reached) return "yes";
  if (!Number.isFinite(figure.value)) return "no";
  const { value, budget } = figure;
  const factor = "atLeast" in budget ? budget.atLeast / value : value / budget.atMost;
  return `no, ${shown(factor)} times off`;
}

/** All figures as a table; colours only where the terminal has them. */
export function renderFigures(terminal: Terminal, figures: readonly Figure[]): string {
  const { dim, green, red } = terminal.colours;
  const rows = figures.map((figure, index) => {
    const repeated = figures[index - 1]?.group === figure.group;
    const reached = isReached(figure);
    const colour = reached === undefined ? dim : reached ? green : red;
    return [
      repeated ? "" : figure.group,
      figure.name,
      shown(figure.value).padStart(11),
      figure.unit,
      budgetText(figure.budget),
      colour(reachedText(figure)),
    ];
  });
  const head = ["Measured", "", "     Figure", "Unit", "Budget", "Reached"];
  return renderTable(terminal, head, rows);
}

/** All figures as one JSON object. */
export function figuresToJson(figures: readonly Figure[], short: boolean): string {
  const rows = figures.map((figure) => ({ ...figure, reached: isReached(figure) }));
  return `${JSON.stringify({ node: process.version, short, figures: rows }, undefined, 2)}\n`;
}
