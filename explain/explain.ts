import { hex } from "../events/address.ts";
import { Fsts } from "../events/registers/event-line.ts";
import type { Evidence } from "./evidence.ts";
import { evidenceOf } from "./evidence.ts";
import type { AcpiTable } from "./finding/acpi-finding.ts";
import { acpiFinding, isDmarTable } from "./finding/acpi-finding.ts";
import { faultFindings } from "./finding/fault-finding.ts";
import type { Finding } from "./finding/finding.ts";
import { foreignFindings, messageFindings } from "./finding/message-finding.ts";
import { queueFindings } from "./finding/queue-finding.ts";
import { tableFindings } from "./finding/table-finding.ts";
import { traceKinds } from "./qemu/trace-line.ts";
import type { UnrecognisedLine } from "./read-paste.ts";
import { readPaste } from "./read-paste.ts";
import { fieldLine, fieldsOf } from "./text/field-text.ts";

/** What a paste comes to. */
export interface Explanation {
  readonly findings: readonly Finding[];
  /** What else is to be said, one sentence each. */
  readonly notes: readonly string[];
  readonly lines: {
    /** Lines that are not empty. */
    readonly all: number;
    readonly recognised: number;
    readonly unrecognised: number;
  };
  /** Lines that are known and say nothing that matters here, by what they are. */
  readonly passedBy: Readonly<Record<string, number>>;
  readonly unrecognised: readonly UnrecognisedLine[];
  /** Whether anything was understood that is about VT-d. */
  readonly isUnderstood: boolean;
  /** Whether all of it is of traces, which others judge. */
  readonly onlyTraces: boolean;
  /** Other architectures whose lines are there. */
  readonly foreign: readonly string[];
  readonly evidence: Evidence;
}

/** Values of the fault status register that were printed, each once. */
function statusNotes({ statuses }: Evidence): readonly string[] {
  return [...statuses].map(([value, count]) => {
    const times = count > 1 ? `, ${count} times` : "";
    if (value === 0xffff_ffffn) {
      return `Fault status 0xffffffff${times}: all ones, so the unit's registers did not answer.`;
    }
    const fields = fieldLine(fieldsOf(Fsts, BigInt.asUintN(32, value)));
    return `Fault status ${hex(value)}${times}: ${fields === "" ? "nothing is set" : fields}.`;
  });
}

/** How many lines are of a trace of QEMU or Linux. */
const traceLines = ({ passedBy }: Evidence): number =>
  traceKinds.reduce((sum, kind) => sum + (passedBy.get(kind) ?? 0), 0);

function traceNotes(evidence: Evidence): readonly string[] {
  const count = traceLines(evidence);
  if (count === 0) return [];
  const are = count === 1 ? "1 line is" : `${count.toString()} lines are`;
  return [`${are} of a trace: shadowfold replay FILE judges it, shadowfold trace FILE lists it.`];
}

function notesOf(evidence: Evidence): readonly string[] {
  const { suppressed, tables } = evidence;
  const others = tables.filter(({ signature }) => !isDmarTable(signature));
  const names = [...new Set(others.map(({ signature }) => signature))].join(", ");
  return [
    ...statusNotes(evidence),
    ...(suppressed > 0
      ? [`At least ${suppressed.toString()} further lines were not printed by the kernel.`]
      : []),
    ...traceNotes(evidence),
    ...(others.length > 0 ? [`Other ACPI tables are passed by: ${names}.`] : []),
  ];
}

/** Everything that was found, the worst first. */
function sorted(findings: readonly Finding[]): readonly Finding[] {
  const rank = { error: 0, warning: 1, information: 2 } as const;
  return findings.toSorted(
    (a, b) => rank[a.severity] - rank[b.severity] || a.lines.first - b.lines.first,
  );
}

/** Lines that are about VT-d, though nothing is to be explained: all is well. */
const isKnown = ({ passedBy, statuses, regions, suppressed }: Evidence): boolean =>
  passedBy.size + statuses.size + regions.length + suppressed > 0;

/** Whether nothing but lines of traces is known. */
const isTrace = (evidence: Evidence): boolean => {
  const { passedBy, statuses, regions, suppressed } = evidence;
  const kinds = [...passedBy.keys()].filter((kind) => !traceKinds.includes(kind));
  const others = kinds.length + statuses.size + regions.length + suppressed;
  return others === 0 && traceLines(evidence) > 0;
};

/** Explains lines of text. */
export function explainLines(text: readonly string[]): Explanation {
  const paste = readPaste(text);
  const evidence = evidenceOf(paste);
  const own = [
    ...faultFindings(evidence, (line) => text[line - 1] ?? ""),
    ...queueFindings(evidence),
    ...messageFindings(evidence),
    ...tableFindings(evidence),
    ...paste.tables.filter(({ signature }) => isDmarTable(signature)).map(acpiFinding),
  ];
  const { lineCount: all, unrecognised } = paste;
  return {
    findings: sorted([...own, ...foreignFindings(evidence)]),
    notes: notesOf(evidence),
    lines: { all, recognised: all - unrecognised.length, unrecognised: unrecognised.length },
    passedBy: Object.fromEntries(evidence.passedBy),
    unrecognised,
    isUnderstood: own.length > 0 || isKnown(evidence),
    onlyTraces: own.length === 0 && isTrace(evidence),
    foreign: [...evidence.foreign.keys()],
    evidence,
  };
}

/** Explains a DMAR table as firmware has it. */
export function explainTable(table: AcpiTable): Explanation {
  return { ...explainLines([]), findings: [acpiFinding(table)], isUnderstood: true };
}
