import { reasonText } from "../../events/fault/fault-text.ts";
import { printable } from "../../events/printable.ts";
import type { Change } from "../../history/changes.ts";
import type { GuestSummary } from "../../history/summary.ts";
import type { Row, Rows, Value } from "../../history/summary-rows.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { renderPairs, renderTable } from "./table.ts";

/** `memoryPages` as `memory pages`. */
const spaced = (name: string): string =>
  name.replaceAll(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);

const cellOf = (value: Value | undefined, column = ""): Cell => {
  if (value === undefined) return "";
  if (column === "reason" && typeof value === "number") return reasonText(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? printable(value) : value;
};

/** What the first column of each table names. */
const keyNames: Readonly<Record<string, string>> = {
  registers: "register",
  devices: "device",
  hostEntries: "source-id",
  faults: "record",
  interruptEntries: "index",
  shadows: "shadow",
  shadowMappings: "shadow:iova",
  pending: "shadow:iova",
  firstStages: "first stage",
  firstStageTables: "first stage:iova",
  firstStageIotlb: "first stage:iova",
  iotlb: "shadow:iova",
  p2m: "gpa",
};

function renderRows(terminal: Terminal, name: string, rows: Rows, limit: number): string {
  const entries = Object.entries(rows);
  const title = terminal.colours.bold(terminal.colours.cyan(spaced(name)));
  if (entries.length === 0) return `\n${title}: none\n`;
  const shown = entries.slice(0, limit);
  const columns = [...new Set(shown.flatMap(([, row]) => Object.keys(row)))];
  const table = renderTable(
    terminal,
    [keyNames[name] ?? "name", ...columns.map(spaced)],
    shown.map(([key, row]) => [key, ...columns.map((column) => cellOf(row[column], column))]),
  );
  const rest = entries.length - shown.length;
  const more = rest > 0 ? `and ${rest.toString()} more; --all shows them\n` : "";
  return `\n${title}\n${table}${more}`;
}

/** One guest: values, then tables; of each table at most `limit` rows. */
export function renderGuest(
  terminal: Terminal,
  index: number,
  summary: GuestSummary,
  limit: number,
): string {
  const pairs = Object.entries(summary.values).map(
    ([name, value]) => [spaced(name), cellOf(value)] as const,
  );
  const tables = Object.entries(summary.tables).map(([name, rows]) => {
    return renderRows(terminal, name, name === "registers" ? nonZero(rows) : rows, limit);
  });
  const title = terminal.colours.bold(`guest ${index.toString()}`);
  return `${title}\n${renderPairs(terminal, pairs)}${tables.join("")}`;
}

const nonZero = (rows: Rows): Rows =>
  Object.fromEntries(Object.entries(rows).filter(([, row]) => row["value"] !== "0x0"));

function sideText(side: Row | Value | undefined): string {
  if (side === undefined) return "";
  if (typeof side !== "object") return String(cellOf(side));
  return Object.entries(side)
    .map(([column, value]) => `${column}=${cellOf(value, column).toString()}`)
    .join(" ");
}

/** The changes one a line: `+` new, `-` gone, `~` different. */
export function renderChanges(
  terminal: Terminal,
  changes: readonly Change[],
  limit: number,
): string {
  if (changes.length === 0) return "nothing differs\n";
  const { green, red, yellow, dim } = terminal.colours;
  const lines = changes.slice(0, limit).map(({ guest, table, key, from, to }) => {
    const name = [guest === 0 ? "" : `guest ${guest.toString()}`, spaced(table), key]
      .filter((part) => part !== "")
      .join(" ");
    if (from === undefined) return green(`+ ${name}  ${sideText(to)}`);
    if (to === undefined) return red(`- ${name}  ${sideText(from)}`);
    return `${yellow(`~ ${name}`)}  ${sideText(from)} ${dim("->")} ${sideText(to)}`;
  });
  const rest = changes.length - lines.length;
  const more = rest > 0 ? `and ${rest.toString()} more; --all shows them\n` : "";
  return `${lines.join("\n")}\n${more}`;
}
