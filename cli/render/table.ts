import Table from "cli-table3";
import type { Terminal } from "../terminal.ts";

/** A cell: text, or a number that is aligned to the right. */
export type Cell = string | number;

const noLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

const isNumber = (cell: Cell): boolean => typeof cell === "number";

/** Thousands apart, so that long numbers can be read. */
export const grouped = (value: number): string => value.toLocaleString("en-US");

/** A table without lines: a bold head and aligned columns. Ends with a line end. */
export function renderTable(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const { bold } = terminal.colours;
  const aligns = head.map((_, column) => {
    const numeric = rows.length > 0 && rows.every((row) => isNumber(row[column] ?? ""));
    return numeric ? ("right" as const) : ("left" as const);
  });
  const table = new Table({
    head: head.map((name) => bold(name)),
    colAligns: aligns,
    chars: noLines,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) {
    table.push(row.map((cell) => (typeof cell === "number" ? grouped(cell) : cell)));
  }
  const lines = table.toString().split("\n");
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** Names and values, one a line. */
export function renderPairs(
  terminal: Terminal,
  pairs: readonly (readonly [string, Cell])[],
): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  const { dim } = terminal.colours;
  return pairs
    .map(([name, value]) => {
      const text = typeof value === "number" ? grouped(value) : value;
      return `${dim(name.padEnd(width))}  ${text}\n`;
    })
    .join("");
}
