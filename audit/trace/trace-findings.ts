import type { Finding } from "../finding.ts";
import { findingOf } from "../finding.ts";
import type { RuleId } from "../rule.ts";
import type { TraceReport } from "./check.ts";
import type { FindingKind } from "./finding.ts";

/** The rule that each kind of finding in a trace is of. */
export const ruleOfKind: Readonly<Record<FindingKind, RuleId>> = {
  missingInvalidation: "never-announced",
  narrowInvalidation: "range-too-narrow",
  otherDomain: "wrong-domain",
  remappedTooEarly: "iova-reused-too-early",
  deviceTlbNotTold: "device-tlb-not-told",
  contextNotInvalidated: "context-without-iotlb",
  attachedSilently: "device-moved-silently",
  changedTranslation: "never-announced",
  staleTranslation: "kept-too-long",
  usedAfterUnmap: "use-after-unmap",
  faultUnexplained: "fault-unexplained",
  staleInterruptEntry: "stale-interrupt-entry",
  malformedDescriptor: "malformed-descriptor",
  missingDescriptor: "queue-broken",
  ringGap: "queue-broken",
  badTail: "queue-broken",
};

/** Lines that a text names: `line 97`, `(line 12)`. */
const named = /\bline (\d+)/g;

/** What was found in a trace as findings of the audit; the lines that they name are evidence. */
export const traceFindings = ({ findings }: Pick<TraceReport, "findings">): readonly Finding[] =>
  findings.map(({ kind, line, text }) => {
    const others = [...text.matchAll(named)].map((match) => Number(match[1]));
    const evidence = [
      { at: line, text },
      ...others.map((at) => ({ at, text: "what the finding names" })),
    ];
    return findingOf({ rule: ruleOfKind[kind], at: line, guest: 0, text, evidence });
  });
