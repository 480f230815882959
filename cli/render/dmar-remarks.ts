import type { Remark } from "../../events/acpi/remark.ts";
import type { TextDoubt } from "../../events/acpi/table-text.ts";
import { hex } from "../../events/address.ts";
import { printable } from "../../events/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { renderTable } from "./table.ts";

type Row = readonly Cell[];

/** What it is, then a row for each reader who has something to say of it. */
function rowsOf({ at, what, who }: Remark): readonly Row[] {
  const said = Object.entries(who);
  const [first, ...others] = said.length === 0 ? [["", ""]] : said;
  const [name = "", text = ""] = first ?? [];
  return [[hex(at), printable(what), name, text], ...others.map((of) => ["", "", ...of])];
}

const section = (terminal: Terminal, name: string, rows: readonly Row[]): string =>
  rows.length === 0 ? "" : `\n${renderTable(terminal, ["At", name, "Who", "Says or does"], rows)}`;

/** What is damaged, in the text that shows a table and in the table. */
export function renderWarnings(
  terminal: Terminal,
  doubts: readonly TextDoubt[],
  damage: readonly Remark[],
): string {
  const inText = doubts.map(({ line, what }): Row => [`line ${line}`, printable(what), "", ""]);
  return section(terminal, "Warning", [...inText, ...damage.flatMap(rowsOf)]);
}

/** What readers of a table stumble over. */
export const renderRemarks = (terminal: Terminal, remarks: readonly Remark[]): string =>
  section(terminal, "Remark", remarks.flatMap(rowsOf));
