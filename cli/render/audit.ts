import { openCommand } from "../../audit/finding.ts";
import type { FileAudit, ReportedFinding } from "../../audit/report/file-audit.ts";
import { countsOf, rulesIn } from "../../audit/report/file-audit.ts";
import type { RuleId, Severity } from "../../audit/rule.ts";
import { rules, severities } from "../../audit/rule.ts";
import type { Staleness, StalenessReport } from "../../audit/staleness.ts";
import { formatSourceId } from "../../events/address.ts";
import { printable } from "../../events/printable.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { grouped, renderTable } from "./table.ts";

/** Findings of one rule that are shown, and pieces of evidence of each. */
const shown = 5;

function painted({ colours }: Terminal, severity: Severity, text: string): string {
  if (severity === "error") return colours.red(text);
  return severity === "warning" ? colours.yellow(text) : colours.dim(text);
}

const plural = (count: number, one: string): string =>
  `${grouped(count)} ${one}${count === 1 ? "" : "s"}`;

/** One finding in one line, as it is told while a log grows. */
export function findingLine(terminal: Terminal, audit: FileAudit, one: ReportedFinding): string {
  const { severity, rule, at, text, accepted } = one;
  const name = audit.kind === "log" ? "event" : "line";
  const known = accepted ? " (accepted)" : "";
  const mark = painted(terminal, severity, severity);
  return `${mark} ${rule} at ${name} ${at.toString()}: ${printable(text)}${known}\n`;
}

function findingText(terminal: Terminal, audit: FileAudit, one: ReportedFinding): string {
  const { dim } = terminal.colours;
  const { at, text, evidence, accepted } = one;
  const name = audit.kind === "log" ? "event" : "line";
  const known = accepted ? dim(" (accepted by the baseline)") : "";
  const rows = evidence
    .slice(0, shown)
    .filter(({ text: said }) => said !== text)
    .map(({ at: seq, text: said }) => `      ${name} ${seq.toString()}: ${printable(said)}\n`);
  const open = audit.kind === "log" && audit.file !== "-";
  const command = open ? `      ${dim(printable(openCommand(audit.file, at)))}\n` : "";
  return `  ${name} ${at.toString()}: ${printable(text)}${known}\n${rows.join("")}${command}`;
}

function ruleText(terminal: Terminal, audit: FileAudit, rule: RuleId): string {
  const { bold, dim } = terminal.colours;
  const { severity, what, why, remedy } = rules[rule];
  const own = audit.findings.filter((one) => one.rule === rule);
  const listed = own.slice(0, shown).map((one) => findingText(terminal, audit, one));
  const more = own.length - listed.length;
  if (more > 0) listed.push(`  and ${grouped(more)} more; --json has all\n`);
  const head = `${painted(terminal, severity, severity)} ${bold(rule)}: ${what}\n`;
  const reasons = `  Why: ${why}\n  Remedy: ${remedy}\n`;
  return `\n${head}${listed.join("")}${dim(reasons)}`;
}

const staleRow = (name: string, { changes, pages, total, longest, uses }: Staleness): Cell[] => [
  name,
  changes,
  pages,
  longest,
  total,
  uses,
];

function staleText(terminal: Terminal, report: StalenessReport, guest: string): string {
  const { all, byDomain, byDevice } = report;
  if (all.changes === 0) return "";
  const rows = [
    staleRow("all", all),
    ...[...byDomain].map(([did, one]) => staleRow(`domain ${did.toString()}`, one)),
    ...[...byDevice].map(([device, one]) => staleRow(formatSourceId(device), one)),
  ];
  const head = [`Stale${guest}`, "Changes", "Pages", "Longest", "Total", "Uses"];
  const { longestFrom, longestTo } = all;
  const place = `events ${longestFrom.toString()} to ${longestTo.toString()}`;
  const note = `Longest and Total in events from a change to its announcement; longest: ${place}.`;
  return `\n${renderTable(terminal, head, rows)}${terminal.colours.dim(note)}\n`;
}

function tallied(title: string, counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).map(
    ([what, count]) => `${grouped(count).padStart(9)}  ${printable(what)}\n`,
  );
  return rows.length === 0 ? "" : `\n${title}\n${rows.join("")}`;
}

function fileRow(terminal: Terminal, audit: FileAudit): readonly Cell[] {
  const { green, yellow } = terminal.colours;
  const fresh = audit.findings.filter(({ accepted }) => !accepted);
  const accepted = audit.findings.length - fresh.length;
  const counts = countsOf(fresh)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => {
      const text = severity === "info" ? `${grouped(count)} info` : plural(count, severity);
      return painted(terminal, severity, text);
    });
  if (accepted > 0) counts.push(`${grouped(accepted)} accepted`);
  const none = audit.isJudged ? green("none") : yellow("nothing judged");
  const cell = counts.length === 0 ? none : counts.join(", ");
  return [audit.file, audit.kind, audit.length, cell];
}

/** What the audits of some files come to, for people. */
export function renderAudits(terminal: Terminal, audits: readonly FileAudit[]): string {
  const head = ["File", "Kind", "Events or lines", "Findings"];
  const rows = audits.map((audit) => fileRow(terminal, audit));
  const parts = audits.flatMap((audit) => {
    const several = audits.length > 1 && audit.findings.length > 0;
    const title = several ? `\n${terminal.colours.bold(audit.file)}\n` : "";
    const worstFirst = severities
      .toReversed()
      .flatMap((one) => audit.findings.filter(({ severity }) => severity === one));
    const found = rulesIn(worstFirst).map((rule) => ruleText(terminal, audit, rule));
    const stale = audit.staleness.map((one, guest) =>
      staleText(terminal, one, audit.staleness.length > 1 ? `, guest ${guest.toString()}` : ""),
    );
    const open = [
      tallied(`${audit.file}: not observable`, audit.notObservable),
      tallied(`${audit.file}: the trace ends too early`, audit.undecided),
    ];
    return [title, ...found, ...stale, ...open];
  });
  return `${renderTable(terminal, head, rows)}${parts.join("")}`;
}
