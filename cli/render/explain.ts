import { printable } from "../../events/printable.ts";
import type { Explanation } from "../../explain/explain.ts";
import type { Finding, ShownWord, WalkShown } from "../../explain/finding/finding.ts";
import type { UnrecognisedLine } from "../../explain/read-paste.ts";
import type { ShownEntry } from "../../explain/text/entry-text.ts";
import type { ShownField } from "../../explain/text/field-text.ts";
import { fieldLine } from "../../explain/text/field-text.ts";
import type { Terminal } from "../terminal.ts";
import { grouped, renderPairs } from "./table.ts";
import { wrapped } from "./why.ts";

type Paint = (text: string) => string;

/** Sentences, each over as many lines as it takes. */
const list = (sentences: readonly string[]): string =>
  sentences.map((one) => wrapped(printable(one))).join("");

const indented = (text: string): string =>
  text === ""
    ? ""
    : `${text
        .trimEnd()
        .split("\n")
        .map((line) => `  ${line}`)
        .join("\n")}\n`;

function section({ colours }: Terminal, name: string, body: string): string {
  return body === "" ? "" : `${colours.dim(`  ${name}`)}\n${indented(body)}`;
}

const after = (fields: readonly ShownField[]): string =>
  fields.length === 0 ? "" : `: ${fieldLine(fields)}`;

const entryRow = ({ table, value, fields, note }: ShownEntry): readonly [string, string] => [
  table,
  `${value}${after(fields)}${note === undefined ? "" : ` (${note})`}`,
];

const wordRow = ({ name, value, fields, note }: ShownWord): readonly [string, string] => [
  name,
  `${value}${note === undefined ? "" : `  ${note}`}${after(fields)}`,
];

const pairs = (terminal: Terminal, rows: readonly (readonly [string, string])[]): string =>
  rows.length === 0
    ? ""
    : renderPairs(
        terminal,
        rows.map(([name, value]) => [name, printable(value)] as const),
      );

function verdictPaint({ green, yellow, dim }: Terminal["colours"], { verdict }: WalkShown): Paint {
  if (verdict.kind === "justified") return green;
  return verdict.kind === "undecidable" ? dim : yellow;
}

function walkText(terminal: Terminal, walk: WalkShown): string {
  const paint = verdictPaint(terminal.colours, walk);
  const verdict = wrapped(printable(walk.verdict.text)).trimEnd().replace(/^-/, "=>");
  return `${list(walk.checks)}${paint(verdict)}\n`;
}

function placeText({ lines: { first, last }, count }: Finding): string {
  if (first === 0) return "";
  const times = count > 1 ? `${grouped(count)} times, ` : "";
  const where = last > first ? `lines ${first} to ${last}` : `line ${first}`;
  return ` (${times}${where})`;
}

const paints = { error: "red", warning: "yellow", information: "cyan" } as const;

/** One finding: what it is, what is known of it, and what to do. */
function findingText(terminal: Terminal, of: Finding): string {
  const { colours } = terminal;
  const paint = colours[paints[of.severity]];
  const head = `${paint(colours.bold(printable(of.title)))}${colours.dim(placeText(of))}\n`;
  const walks = of.walks.map((walk) => walkText(terminal, walk)).join("");
  return [
    head,
    indented(pairs(terminal, Object.entries(of.facts))),
    section(terminal, "Entries", pairs(terminal, of.entries.map(entryRow))),
    section(terminal, "Words", pairs(terminal, of.words.map(wordRow))),
    section(terminal, "The dump, walked", walks),
    section(terminal, "To be seen here", list(of.hints)),
    section(terminal, "What usually leads there", list(of.usual)),
    section(terminal, "What to record next", list(of.next)),
  ].join("");
}

const shownTelling = 10;

function lineText({ line, text }: UnrecognisedLine): string {
  return `line ${line.toString()}: ${text.trim().slice(0, 200)}`;
}

/** Lines that nothing recognised: their number, and those that seem to be about an IOMMU. */
function unrecognisedText(
  terminal: Terminal,
  { lines, unrecognised }: Explanation,
  showsAll: boolean,
): string {
  if (lines.unrecognised === 0) return "";
  const { yellow } = terminal.colours;
  const telling = unrecognised.filter(({ isTelling }) => isTelling);
  const shown = showsAll ? unrecognised : telling.slice(0, shownTelling);
  const count = grouped(lines.unrecognised);
  const about =
    telling.length === 0 ? "" : `, ${grouped(telling.length)} of which seem to be about an IOMMU`;
  const rest = shown.length < unrecognised.length ? "; --unrecognised shows all" : "";
  const are = lines.unrecognised === 1 ? "line is" : "lines are";
  const head = yellow(`${count} ${are} not understood${about}${rest}.`);
  return `${head}\n${shown.map((one) => `  ${printable(lineText(one))}\n`).join("")}`;
}

/** Everything that a paste comes to, the worst first. */
export function renderExplanation(
  terminal: Terminal,
  explanation: Explanation,
  showsAll: boolean,
): string {
  const { findings, notes, passedBy, lines } = explanation;
  const passed = Object.values(passedBy).reduce((sum, count) => sum + count, 0);
  const known = passed === 0 ? "" : `, ${grouped(passed)} of them without anything to explain`;
  const total =
    lines.all === 0
      ? ""
      : `${grouped(lines.recognised)} of ${grouped(lines.all)} lines are understood${known}.\n`;
  const parts = [
    ...findings.map((one) => findingText(terminal, one)),
    [...notes.map((note) => `${printable(note)}\n`), total].join(""),
    unrecognisedText(terminal, explanation, showsAll),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** The object that `--json` prints. */
export function explanationJson(file: string, explanation: Explanation): object {
  const { findings, notes, lines, passedBy, unrecognised } = explanation;
  return { file, findings, notes, lines, passedBy, unrecognised };
}
