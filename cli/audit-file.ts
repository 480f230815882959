import type { AuditReport } from "../audit/audit.ts";
import { startAudit } from "../audit/audit.ts";
import type { Finding } from "../audit/finding.ts";
import type { Baseline } from "../audit/report/baseline.ts";
import { startAccepting } from "../audit/report/baseline.ts";
import type { FileAudit } from "../audit/report/file-audit.ts";
import { fingerprintOf } from "../audit/report/file-audit.ts";
import { checkTrace } from "../audit/trace/check.ts";
import { traceFindings } from "../audit/trace/trace-findings.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { Step } from "../history/step.ts";
import type { World } from "../projections/world.ts";
import type { Watcher } from "./folding.ts";
import { foldSource, worldOf } from "./folding.ts";
import type { InputError } from "./input-error.ts";
import type { Source } from "./read.ts";
import type { Terminal } from "./terminal.ts";
import type { TraceSource } from "./trace-source.ts";
import { readTrace } from "./trace-source.ts";

/** The audit of a file, and where in it an event stands. */
export interface AuditedFile {
  readonly audit: FileAudit;
  /** The line that an event, or a line of a trace, stands on. */
  readonly lineOf: (at: number) => number;
  readonly failure: InputError | undefined;
}

type Accepts = (fingerprint: string) => boolean;

const reported = (
  findings: readonly Finding[],
  lineOf: (at: number) => number,
  accepts: Accepts,
): FileAudit["findings"] =>
  findings.map((one) => {
    const fingerprint = fingerprintOf(one);
    return { ...one, fingerprint, accepted: accepts(fingerprint), line: lineOf(one.at) };
  });

/** Where events stand: the inputs by their lines, the facts below them where the file has any. */
function startLines(): {
  readonly step: (step: Step, line: number) => void;
  readonly facts: () => void;
  readonly lineOf: (at: number) => number;
} {
  const [starts, lines]: [number[], number[]] = [[], []];
  let hasFacts = false;
  return {
    step: ({ seq }, line) => {
      starts.push(seq);
      lines.push(line);
    },
    facts: () => {
      hasFacts = true;
    },
    lineOf: (at) => {
      let [low, high] = [0, starts.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((starts[middle] as number) <= at) low = middle + 1;
        else high = middle;
      }
      const place = low - 1;
      const line = lines[place] ?? 1;
      return hasFacts ? line + at - (starts[place] ?? at) : line;
    },
  };
}

/** An audit of a log or a recording that goes on while it is read. */
export interface LogAuditing {
  readonly watcher: Watcher;
  /** What it comes to so far; see `Audit.report`. */
  readonly so: (isWhole: boolean) => FileAudit;
  readonly lineOf: (at: number) => number;
}

/**
 * Begins to audit a log or a recording that has been opened.
 *
 * @throws InputError when its set-up cannot be; the file is closed then.
 */
export async function startLogAudit(source: Source, baseline: Baseline): Promise<LogAuditing> {
  const { file } = source;
  const auditing = startAudit(await worldOf(source));
  const lines = startLines();
  let around: World | undefined;
  const fileAudit = ({ events, findings, staleness }: AuditReport): FileAudit => ({
    file,
    kind: "log",
    length: events,
    findings: reported(findings, lines.lineOf, startAccepting(baseline)),
    staleness,
    notObservable: {},
    undecided: {},
    isJudged: events > 0,
  });
  return {
    lineOf: lines.lineOf,
    so: (isWhole) => fileAudit(auditing.report(isWhole)),
    watcher: {
      step: (step, line) => {
        around = step.before;
        lines.step(step, line);
        auditing.follow(step);
      },
      recorded: ({ fact, seq }) => {
        lines.facts();
        if (around !== undefined) auditing.landed(fact, seq, around);
      },
    },
  };
}

/** Folds and audits a log or a recording. */
export async function auditLog(
  source: Source,
  terminal: Terminal,
  baseline: Baseline,
): Promise<AuditedFile> {
  const auditing = await startLogAudit(source, baseline);
  const { failure } = await foldSource(source, terminal, auditing.watcher);
  const audit = auditing.so(true);
  const whole = failure === undefined ? audit : { ...audit, error: failure.message };
  return { audit: whole, lineOf: auditing.lineOf, failure };
}

/** Audits a trace, as far as one goes that has no guest memory. */
export async function auditTrace(
  source: TraceSource,
  terminal: Terminal,
  baseline: Baseline,
  profile: Profile | undefined,
): Promise<AuditedFile> {
  const { trace, failure } = await readTrace(source, terminal);
  const report = checkTrace(trace, profile);
  const { agree, disagree } = report.verdicts;
  const lineOf = (at: number): number => at;
  const audit: FileAudit = {
    file: source.opened.file,
    kind: "trace",
    length: report.lines,
    findings: reported(traceFindings(report), lineOf, startAccepting(baseline)),
    staleness: [],
    notObservable: report.notObservable,
    undecided: report.undecided,
    isJudged: agree + disagree > 0,
    ...(failure === undefined ? {} : { error: failure.message }),
  };
  return { audit, lineOf, failure };
}
