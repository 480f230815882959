import { formatSourceId, hex } from "../../events/address.ts";
import { openCommand } from "../finding.ts";
import { rules } from "../rule.ts";
import type { Staleness, StalenessReport } from "../staleness.ts";
import type { FileAudit, ReportedFinding } from "./file-audit.ts";

/** A finding as `--json` prints it. */
export function findingJson({ file, kind }: FileAudit, finding: ReportedFinding): unknown {
  const { rule, severity, at, line, guest, device, pasid, domain, iova, text } = finding;
  const { evidence, count = 1, fingerprint, accepted } = finding;
  const { whose, what, why, remedy } = rules[rule];
  const name = kind === "log" ? "event" : "line";
  return {
    rule,
    severity,
    whose,
    [name]: at,
    ...(kind === "log" ? { line, open: openCommand(file, at) } : {}),
    guest,
    ...(device === undefined ? {} : { device: formatSourceId(device) }),
    ...(pasid === undefined ? {} : { pasid }),
    ...(domain === undefined ? {} : { domain }),
    ...(iova === undefined ? {} : { first: hex(iova.first), last: hex(iova.end - 1n) }),
    count,
    text,
    what,
    why,
    remedy,
    evidence: evidence.map((one) => ({ [name]: one.at, text: one.text })),
    fingerprint,
    accepted,
  };
}

const stalenessJson = ({ longestFrom, longestTo, ...sums }: Staleness): unknown => ({
  ...sums,
  ...(sums.changes === 0 ? {} : { longestFrom, longestTo }),
});

const guestJson = ({ all, byDomain, byDevice }: StalenessReport): unknown => ({
  ...(stalenessJson(all) as object),
  byDomain: Object.fromEntries([...byDomain].map(([did, one]) => [did, stalenessJson(one)])),
  byDevice: Object.fromEntries(
    [...byDevice].map(([device, one]) => [formatSourceId(device), stalenessJson(one)]),
  ),
});

/** An audit as `--json` prints it. */
export function auditJson(audit: FileAudit): unknown {
  const { file, kind, length, findings, staleness, notObservable, undecided, error } = audit;
  const name = kind === "log" ? "events" : "lines";
  return {
    file,
    kind,
    [name]: length,
    findings: findings.map((one) => findingJson(audit, one)),
    ...(kind === "log" ? { staleness: staleness.map(guestJson) } : { notObservable, undecided }),
    ...(error === undefined ? {} : { error }),
  };
}
