/** A cell's text; a bar would end the cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|");

/** A line of a Markdown table. */
export const tableRow = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

/** The cells of such a line, as they were given. */
export const cellsOf = (row: string): readonly string[] =>
  row
    .slice(2, -2)
    .split(" | ")
    .map((text) => text.replaceAll("\\|", "|"));

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableRow(head), `|${" --- |".repeat(head.length)}`, ...rows.map(tableRow)].join("\n");
}
