import { formatSourceId } from "../../events/address.ts";
import type { Finding } from "../finding.ts";
import type { RuleId, Severity } from "../rule.ts";
import { severities } from "../rule.ts";
import type { StalenessReport } from "../staleness.ts";

/** A finding, and whether somebody has accepted it before. */
export interface ReportedFinding extends Finding {
  /** What tells it from other findings in other runs over the same guest: no event's number. */
  readonly fingerprint: string;
  /** A baseline has it. */
  readonly accepted: boolean;
  /** The line of the file that has the event, from 1. */
  readonly line: number;
}

/** What the audit of one file comes to. */
export interface FileAudit {
  readonly file: string;
  /** A log or a recording is judged by its events, a trace by its lines. */
  readonly kind: "log" | "trace";
  /** Events or lines. */
  readonly length: number;
  readonly findings: readonly ReportedFinding[];
  /** By guest; of a log alone. */
  readonly staleness: readonly StalenessReport[];
  /** By what a trace cannot show. */
  readonly notObservable: Readonly<Record<string, number>>;
  /** By what a trace ends too early for. */
  readonly undecided: Readonly<Record<string, number>>;
  /** Whether anything could be judged. */
  readonly isJudged: boolean;
  /** Why the file was not read to its end. */
  readonly error?: string;
}

/** A text without the numbers of events and lines. */
const timeless = (text: string): string => text.replaceAll(/\b(events?|line) \d+/g, "$1");

/**
 * What a finding is, whenever it happens: its rule, guest, device, domain and first address; where
 * it has neither device nor domain nor address, its text without numbers of events.
 */
export function fingerprintOf(finding: Finding): string {
  const { rule, guest, device, pasid, domain, iova, text } = finding;
  const place = [
    device === undefined ? "" : formatSourceId(device),
    pasid === undefined ? "" : `pasid ${pasid.toString()}`,
    domain === undefined ? "" : `domain ${domain.toString()}`,
    iova === undefined ? "" : `0x${iova.first.toString(16)}`,
  ].filter((part) => part !== "");
  const where = place.length === 0 ? timeless(text) : place.join(" ");
  return `${rule}: guest ${guest.toString()} ${where}`;
}

const rank = (severity: Severity): number => severities.indexOf(severity);

/** From which severity on a finding fails a run; `none` fails none. */
export type Threshold = Severity | "none";

/** The findings that fail a run. */
export const failing = (
  { findings }: FileAudit,
  threshold: Threshold,
): readonly ReportedFinding[] =>
  threshold === "none"
    ? []
    : findings.filter(({ severity, accepted }) => !accepted && rank(severity) >= rank(threshold));

/** How many findings of each severity, the worst first. */
export const countsOf = (
  findings: readonly ReportedFinding[],
): readonly (readonly [Severity, number])[] =>
  severities
    .toReversed()
    .map((severity) => [severity, findings.filter((one) => one.severity === severity).length]);

/** The rules that some findings break, in the order of the findings. */
export const rulesIn = (findings: readonly Finding[]): readonly RuleId[] => [
  ...new Set(findings.map(({ rule }) => rule)),
];
