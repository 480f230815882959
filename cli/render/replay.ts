import type { Violation } from "../../properties/verdict.ts";
import type { Terminal } from "../terminal.ts";
import type { Cell } from "./table.ts";
import { grouped, renderTable } from "./table.ts";

/** How many answers of one kind the model agrees with. */
export interface Tally {
  readonly agree: number;
  readonly disagree: number;
  readonly unjudged: number;
}

/** A recorded answer that the model does not give. */
export interface Disagreement {
  readonly seq: number;
  readonly line: number;
  readonly text: string;
}

/** A request that relies on what its guest did not flush. */
export type Unflushed = Disagreement;

/** What came of replaying one file. */
export interface ReplayReport {
  readonly file: string;
  readonly inputs: number;
  readonly facts: number;
  /** Inputs that cannot be, which changed nothing. */
  readonly refused: number;
  readonly dma: Tally;
  readonly faults: Tally;
  readonly interrupts: Tally;
  /** DMAs of which laws were checked. */
  readonly checked: number;
  /** How often nothing could be compared, by what and why. */
  readonly unjudged: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly disagreements: readonly Disagreement[];
  /** Of requests that rely on the same writes, the first. */
  readonly unflushed: readonly Unflushed[];
  readonly inputsPerSecond: number;
  readonly stateHash: string;
  /** Why the replay ended before the end of the file. */
  readonly error?: string;
}

const shownLines = 20;

/** How many agree, differ and cannot be compared, as a cell. */
export function tallyCell(terminal: Terminal, tally: Tally): string {
  const { green, red, dim } = terminal.colours;
  const parts: string[] = [];
  if (tally.agree > 0) parts.push(green(`${tally.agree.toLocaleString("en-US")} agree`));
  if (tally.disagree > 0) parts.push(red(`${tally.disagree.toLocaleString("en-US")} disagree`));
  if (tally.unjudged > 0) parts.push(dim(`${tally.unjudged.toLocaleString("en-US")} unjudged`));
  return parts.length === 0 ? dim("none") : parts.join(", ");
}

function listed(terminal: Terminal, title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const shown = lines.slice(0, shownLines).map((line) => `  ${line}\n`);
  const rest = lines.length - shown.length;
  if (rest > 0) shown.push(`  and ${rest.toString()} more; --json shows all\n`);
  return `\n${terminal.colours.red(title)}\n${shown.join("")}`;
}

const headings = ["File", "Inputs", "Facts", "DMA", "Faults", "Interrupts", "Laws", "Inputs/s"];

/** One row a file, and below it whatever disagreed or broke a law. */
export function renderReplay(terminal: Terminal, reports: readonly ReplayReport[]): string {
  const { dim, green, red, yellow } = terminal.colours;
  const rows = reports.map((report): Cell[] => {
    const broken = report.violations.length;
    return [
      report.file,
      report.inputs,
      report.facts,
      tallyCell(terminal, report.dma),
      tallyCell(terminal, report.faults),
      tallyCell(terminal, report.interrupts),
      broken === 0 ? green("hold") : red(`${broken.toString()} violated`),
      report.inputsPerSecond,
    ];
  });
  const table = renderTable(terminal, headings, rows);
  const hashes = reports.map((report) => `state ${report.stateHash}  ${report.file}\n`).join("");
  const refusals = reports.map(({ file, refused }) => {
    if (refused === 0) return "";
    const count = refused === 1 ? "1 input was" : `${grouped(refused)} inputs were`;
    return yellow(`${file}: ${count} refused; log --type InputRefused lists them\n`);
  });
  const details = reports.map((report) => {
    const differing = report.disagreements.map(
      ({ seq, line, text }) => `event ${seq.toString()} (line ${line.toString()}): ${text}`,
    );
    const broken = report.violations.map(
      ({ law, seq, text }) => `${law} at event ${seq.toString()}: ${text}`,
    );
    const unflushed = report.unflushed.map(
      ({ seq, line, text }) => `event ${seq.toString()} (line ${line.toString()}): ${text}`,
    );
    const unjudged = Object.entries(report.unjudged).map(
      ([reason, count]) => `${count.toLocaleString("en-US")} ${reason}`,
    );
    return (
      listed(terminal, `${report.file}: what nothing could be said about`, unjudged) +
      listed(terminal, `${report.file}: recorded answers that differ`, differing) +
      listed(terminal, `${report.file}: what was used before it was flushed`, unflushed) +
      listed(terminal, `${report.file}: laws that do not hold`, broken)
    );
  });
  return `${table}\n${dim(hashes.trimEnd())}\n${refusals.join("")}${details.join("")}`;
}
