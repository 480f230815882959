import { formatSourceId, hex } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { Input } from "../../events/input.ts";
import { parseJson } from "../../events/json.ts";
import { encodeFact, encodeInput } from "../../events/log/log.ts";
import { printable } from "../../events/printable.ts";
import type { Finding } from "../../history/timeline/finding.ts";
import type { DmaDifference } from "../../history/what-if/comparison.ts";
import type { DmaOutcome } from "../../history/what-if/dma-outcome.ts";
import type { RunDifference, RunReport, RunStep } from "../../history/what-if/report.ts";
import type { Terminal } from "../terminal.ts";
import { renderEvent } from "./event.ts";
import { grouped, renderTable } from "./table.ts";

/** What the two runs are called, and how much is shown. */
export interface ReportView {
  readonly left: string;
  readonly right: string;
  /** Rows of each list at most. */
  readonly limit: number;
}

const plural = (count: number, what: string): string =>
  `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;

const shownFacts = 12;

function stepText(terminal: Terminal, step: RunStep): string {
  const { seq, input, facts } = step;
  const shown = facts.slice(0, shownFacts);
  const more = facts.length - shown.length;
  const lines = shown.map((fact, index) => renderEvent(terminal, seq + 1 + index, seq, fact));
  const rest = more > 0 ? `            and ${plural(more, "more fact")}\n` : "";
  return `${renderEvent(terminal, seq, undefined, input)}${lines.join("")}${rest}`;
}

function sideText(terminal: Terminal, name: string, step: RunStep | undefined): string {
  const { bold, dim } = terminal.colours;
  const said = step === undefined ? dim("          nothing like it\n") : stepText(terminal, step);
  return `  ${bold(name)}\n${said}`;
}

function firstText(terminal: Terminal, report: RunReport, { left, right }: ReportView): string {
  const { first, passedOver, differing } = report;
  if (differing === 0) return "Both runs are the same.\n";
  if (first === undefined) return "No difference changes anything that follows.\n";
  const what = first.kind === "facts" ? "one input, other facts" : "other inputs";
  const nothing = passedOver === 1 ? "changes nothing" : "change nothing";
  const before = passedOver === 0 ? "" : ` (${grouped(passedOver)} before it ${nothing})`;
  const title = terminal.colours.bold(`First difference: ${what}`);
  return (
    `${title}${before}\n` +
    sideText(terminal, left, first.left) +
    sideText(terminal, right, first.right)
  );
}

/** What a request came to, in a few words. */
function outcomeText(one: DmaOutcome | undefined): string {
  if (one === undefined) return "not there";
  const { outcome, gpa, hpa, reason, host } = one;
  const where = hpa ?? gpa;
  const parts = [
    outcome,
    ...(where === undefined ? [] : [`${hpa === undefined ? "GPA" : "HPA"} ${hex(where)}`]),
    ...(reason === undefined ? [] : [reasonText(reason)]),
    ...(host === undefined ? [] : [`host: ${printable(host)}`]),
  ];
  return parts.join(" ");
}

function dmaText(terminal: Terminal, report: RunReport, view: ReportView): string {
  const { dma, dmaDiffering, dmaSame } = report;
  const counts = `${grouped(dmaDiffering)} came to something else, ${grouped(dmaSame)} to the same`;
  const title = `\n${terminal.colours.bold("Requests of devices")}: ${counts}\n`;
  if (dma.length === 0) return title;
  const rows = dma.slice(0, view.limit).map(({ left, right }) => {
    const one = left ?? right;
    return [
      left?.seq.toString() ?? "",
      right?.seq.toString() ?? "",
      one?.device === undefined ? "" : formatSourceId(one.device),
      one?.iova === undefined ? "" : hex(one.iova),
      outcomeText(left),
      outcomeText(right),
    ];
  });
  const head = ["Event", "there", "Device", "IOVA", view.left, view.right];
  return `${title}${renderTable(terminal, head, rows)}${restText(dmaDiffering - rows.length)}`;
}

const restText = (rest: number): string =>
  rest > 0 ? `and ${grouped(rest)} more; --all shows those that are kept\n` : "";

function findingsText(
  terminal: Terminal,
  title: string,
  findings: readonly Finding[],
  limit: number,
): string {
  if (findings.length === 0) return "";
  const shown = findings
    .slice(0, limit)
    .map(({ law, seq, text }) => `  ${law} at event ${seq.toString()}: ${printable(text)}\n`);
  const rest = restText(findings.length - shown.length);
  return `\n${terminal.colours.bold(title)}\n${shown.join("")}${rest}`;
}

function differencesText(terminal: Terminal, report: RunReport, { limit }: ReportView): string {
  const { differences, differing } = report;
  if (differing === 0) return "";
  const name = (step: RunStep | undefined): string =>
    step === undefined ? "" : `${step.seq.toString()} ${step.input.type}`;
  const facts = (step: RunStep | undefined): string =>
    [...new Set(step?.facts.map(({ type }) => type) ?? [])].slice(0, 4).join(" ");
  const rows = differences
    .slice(0, limit)
    .map(({ left, right }) => [name(left), facts(left), name(right), facts(right)]);
  const title = terminal.colours.bold(`Side by side: ${plural(differing, "difference")}`);
  const head = ["Left", "its facts", "Right", "its facts"];
  const table = renderTable(terminal, head, rows);
  return `\n${title}\n${table}${restText(differing - rows.length)}`;
}

/** Two runs side by side: the first difference that matters, then what came of it. */
export function renderRunReport(terminal: Terminal, report: RunReport, view: ReportView): string {
  const { left, right, limit } = view;
  return (
    firstText(terminal, report, view) +
    dmaText(terminal, report, view) +
    findingsText(terminal, `Wrong in ${right} alone`, report.appeared, limit) +
    findingsText(terminal, `Wrong in ${left} alone`, report.vanished, limit) +
    differencesText(terminal, report, view)
  );
}

const inputJson = (seq: number, input: Input): unknown => parseJson(encodeInput(seq, input));
const factJson = (seq: number, cause: number, fact: Fact): unknown =>
  parseJson(encodeFact(seq, cause, fact));

const stepJson = (step: RunStep | undefined): unknown =>
  step === undefined
    ? null
    : {
        input: inputJson(step.seq, step.input),
        facts: step.facts.map((fact, index) => factJson(step.seq + 1 + index, step.seq, fact)),
      };

const differenceJson = ({ kind, left, right }: RunDifference): unknown => ({
  kind,
  left: stepJson(left),
  right: stepJson(right),
});

const outcomeJson = (one: DmaOutcome | undefined): unknown =>
  one === undefined
    ? null
    : {
        ...one,
        event: `event:${one.seq.toString()}`,
        ...(one.device === undefined ? {} : { device: formatSourceId(one.device) }),
      };

const dmaJson = ({ left, right }: DmaDifference): unknown => ({
  left: outcomeJson(left),
  right: outcomeJson(right),
});

const findingJson = ({ law, seq, text }: Finding): unknown => ({
  finding: `finding:${law}/${seq.toString()}`,
  law,
  seq,
  text,
});

/** The same for a program. */
export const runReportJson = (report: RunReport): Readonly<Record<string, unknown>> => ({
  ...report,
  first: report.first === undefined ? null : differenceJson(report.first),
  differences: report.differences.map(differenceJson),
  dma: report.dma.map(dmaJson),
  appeared: report.appeared.map(findingJson),
  vanished: report.vanished.map(findingJson),
});
