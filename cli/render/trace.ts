import { printable } from "../../events/printable.ts";
import type { TraceReport } from "../../qemu/trace/check.ts";
import type { Comparison, Difference } from "../../qemu/trace/compare.ts";
import type { Finding } from "../../qemu/trace/finding.ts";
import type { ToldFault } from "../../qemu/trace/told-fault.ts";
import { formatNames } from "../../qemu/trace/trace.ts";
import type { InputError } from "../input-error.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { grouped, renderTable } from "./table.ts";

/** What came of judging one trace. */
export interface TraceFileReport extends TraceReport {
  readonly file: string;
  /** Why the reading ended before the end of the file. */
  readonly error?: string;
}

/** A report with the file that it is about. */
export function fileReport(
  file: string,
  report: TraceReport,
  failure: InputError | undefined,
): TraceFileReport {
  return { file, ...report, ...(failure === undefined ? {} : { error: failure.message }) };
}

const shownLines = 20;

function listed(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const shown = lines.slice(0, shownLines).map((line) => `  ${line}\n`);
  const rest = lines.length - shown.length;
  if (rest > 0) shown.push(`  and ${rest.toString()} more; --json shows all\n`);
  return `\n${title}\n${shown.join("")}`;
}

const plural = (count: number, one: string, several: string): string =>
  `${grouped(count)} ${count === 1 ? one : several}`;

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

const countLines = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).map(([what, count]) => `${grouped(count).padStart(7)}  ${what}`);

function modeText({ file, driver }: TraceFileReport): string {
  if (driver === undefined) return "";
  const when = driver.unmap === "strict" ? "at once" : "by a flush queue";
  const maps = driver.cachingMode ? "mappings too (caching mode)" : "mappings not";
  return `\n${file}: the driver announces unmappings ${when}, ${maps}.\n`;
}

const findingText = ({ kind, line, text }: Finding): string =>
  `line ${line.toString()}: ${text} (${kind})`;

/** A fault with its line. */
export const faultLine = ({ line, text }: ToldFault): string =>
  `line ${line.toString()}: ${printable(text)}`;

/** How many findings there are, and how many more there may be. */
function findingCell(terminal: Terminal, { verdicts }: TraceFileReport): string {
  const { green, red, yellow } = terminal.colours;
  const { agree, disagree, undecided } = verdicts;
  const open = undecided === 0 ? [] : [yellow(`${grouped(undecided)} undecided`)];
  if (disagree > 0) return [red(plural(disagree, "finding", "findings")), ...open].join(", ");
  if (open.length > 0) return open.join("");
  return agree > 0 ? green("none") : yellow("nothing judged");
}

function details(terminal: Terminal, report: TraceFileReport): string {
  const { dim, red, yellow } = terminal.colours;
  const { file, unparsed, findings, notObservable, undecided, invalidations, lost } = report;
  const unread = unparsed.first.map(
    ({ line, text }) => `line ${line.toString()}: ${printable(text)}`,
  );
  const further = unparsed.count - unread.length;
  if (further > 0) unread.push(`and ${grouped(further)} more`);
  const found = findings.map(findingText);
  const gone = lost === 0 ? "" : `the trace says in ${plural(lost, "place", "places")} that events`;
  return (
    (gone === "" ? "" : yellow(`${file}: ${gone} were lost\n`)) +
    dim(modeText(report)) +
    listed(`${file}: invalidations`, countLines(invalidations)) +
    listed(yellow(`${file}: faults`), report.faults.map(faultLine)) +
    listed(`${file}: not observable`, countLines(notObservable)) +
    listed(yellow(`${file}: undecided, as the trace ends too early`), countLines(undecided)) +
    listed(`${file}: lines that are none of the trace`, countLines(report.passedBy)) +
    listed(yellow(`${file}: lines that were not understood`), unread) +
    listed(red(`${file}: findings`), found)
  );
}

const headings = [
  "File",
  "Format",
  "Lines",
  "Invalidations",
  "Agree",
  "Not observable",
  "Findings",
];

/** One row a trace, and below it what it invalidates, what cannot be judged and what is wrong. */
export function renderTraces(terminal: Terminal, reports: readonly TraceFileReport[]): string {
  const rows = reports.map((report): Cell[] => {
    const { file, format, lines, invalidations, verdicts } = report;
    const judged = [total(invalidations), verdicts.agree, verdicts.notObservable];
    return [file, formatNames[format], lines, ...judged, findingCell(terminal, report)];
  });
  const table = renderTable(terminal, headings, rows);
  return `${table}${reports.map((report) => details(terminal, report)).join("")}`;
}

/** Two traces that were compared. */
export interface ComparisonReport extends Omit<Comparison, "pairs"> {
  readonly files: readonly [string, string];
  /** Invalidations by kind, waits left out, in each trace. */
  readonly invalidations: readonly [
    Readonly<Record<string, number>>,
    Readonly<Record<string, number>>,
  ];
  /** What the two show together; lines are those of the unit's trace. */
  readonly findings: readonly Finding[];
}

function differenceText({ files }: ComparisonReport, difference: Difference): string {
  const { only, line, text, before, place, among } = difference;
  const [mine, other] = only === 1 ? files : [files[1], files[0]];
  const where = before === undefined ? "at the end" : `before line ${before.toString()}`;
  const number = `number ${grouped(place)}`;
  const others = among && `${grouped(among.count)} identical ones from line ${among.line} on`;
  const its = `${number} of ${mine}, line ${line.toString()}`;
  const one = others === undefined ? "" : `, or another of ${others}`;
  return `${text}: ${its}${one}; missing in ${other} ${where}`;
}

/** Counts side by side, and what only one of the two has. */
export function renderComparison(terminal: Terminal, report: ComparisonReport): string {
  const { green, red, yellow } = terminal.colours;
  const { files, invalidations, common, differences, given, findings } = report;
  const kinds = [...new Set(invalidations.flatMap((one) => Object.keys(one)))].toSorted();
  const rows = kinds.map((kind): Cell[] => [
    kind,
    invalidations[0][kind] ?? 0,
    invalidations[1][kind] ?? 0,
  ]);
  const table = renderTable(terminal, ["Invalidation", ...files], rows);
  const same = `${grouped(common)} invalidations are the same, in the same order.\n`;
  const found = listed(red("findings of both together"), findings.map(findingText));
  if (differences.length === 0) return `${table}\n${green(same)}${found}`;
  const cut =
    "The traces differ so much that they were compared up to the first difference alone.\n";
  const texts = differences.map((one) => differenceText(report, one));
  const count = plural(differences.length, "invalidation is", "invalidations are");
  const title = red(`${count} in one trace alone; the first difference comes first`);
  const note = given === "whole" ? "" : yellow(cut);
  return `${table}\n${same}${note}${listed(title, texts)}${found}`;
}
