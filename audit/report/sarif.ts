import { modelVersion } from "../../events/log/log-version.ts";
import type { RuleId, Severity } from "../rule.ts";
import { ruleIds, rules } from "../rule.ts";
import type { FileAudit, ReportedFinding } from "./file-audit.ts";

const levels: Readonly<Record<Severity, string>> = {
  error: "error",
  warning: "warning",
  info: "note",
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const ruleObject = (id: RuleId): unknown => {
  const { what, why, remedy, severity, whose } = rules[id];
  return {
    id,
    shortDescription: { text: sentence(what) },
    fullDescription: { text: why },
    help: { text: remedy },
    defaultConfiguration: { level: levels[severity] },
    properties: { tags: [whose] },
  };
};

/** A file's name as a reference: what stands for something else in one is escaped. */
const uriOf = (file: string): string =>
  file
    .split("/")
    .map((part) => encodeURIComponent(part))
    .join("/");

const locationAt = (file: string, line: number): unknown => ({
  physicalLocation: {
    artifactLocation: { uri: uriOf(file) },
    region: { startLine: line },
  },
});

function resultObject(
  { file, kind }: FileAudit,
  finding: ReportedFinding,
  hasBaseline: boolean,
  lineOf: (at: number) => number,
): unknown {
  const { rule, severity, text, line, evidence, fingerprint, accepted, at } = finding;
  const name = kind === "log" ? "event" : "line";
  const related = evidence.map((one, index) => ({
    id: index,
    ...(locationAt(file, lineOf(one.at)) as object),
    message: { text: `${name} ${one.at.toString()}: ${one.text}` },
  }));
  return {
    ruleId: rule,
    ruleIndex: ruleIds.indexOf(rule),
    level: levels[severity],
    message: { text: sentence(text) },
    locations: [locationAt(file, line)],
    relatedLocations: related,
    partialFingerprints: { "shadowfold/v1": fingerprint },
    ...(hasBaseline ? { baselineState: accepted ? "unchanged" : "new" } : {}),
    properties: { [name]: at, remedy: rules[rule].remedy },
  };
}

/**
 * Audits as one SARIF 2.1.0 log.
 *
 * @param lineOf  the line of a file that an event, or a line of a trace, stands on.
 */
export function sarifText(
  audits: readonly FileAudit[],
  hasBaseline: boolean,
  lineOf: (audit: FileAudit, at: number) => number,
): string {
  const driver = {
    name: "shadowfold",
    semanticVersion: modelVersion,
    rules: ruleIds.map(ruleObject),
  };
  const results = audits.flatMap((audit) =>
    audit.findings.map((one) => resultObject(audit, one, hasBaseline, (at) => lineOf(audit, at))),
  );
  const notifications = audits.flatMap(({ error }) =>
    error === undefined ? [] : [{ level: "error", message: { text: error } }],
  );
  const run = {
    tool: { driver },
    artifacts: audits.map(({ file }) => ({ location: { uri: uriOf(file) } })),
    invocations: [
      {
        executionSuccessful: notifications.length === 0,
        toolExecutionNotifications: notifications,
      },
    ],
    results,
    columnKind: "utf16CodeUnits",
  };
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [run],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}
