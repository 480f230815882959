import type { RuleId } from "../rule.ts";
import { ruleIds, rules } from "../rule.ts";
import type { FileAudit, ReportedFinding, Threshold } from "./file-audit.ts";
import { failing } from "./file-audit.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

/** Whether XML 1.0 has no way to write a character. */
const isNoXml = (code: number): boolean =>
  (code < 0x20 && code !== 0x9 && code !== 0xa && code !== 0xd) ||
  (code >= 0xd800 && code <= 0xdfff) ||
  (code & 0xfffe) === 0xfffe;

/** Text as it stands in XML; what XML cannot have is a question mark. */
function escaped(text: string): string {
  let out = "";
  for (const char of text) {
    out += isNoXml(char.codePointAt(0) ?? 0) ? "?" : (entities[char] ?? char);
  }
  return out;
}

const lineOf = ({ kind }: FileAudit, { at, text, severity }: ReportedFinding): string =>
  `${kind === "log" ? "event" : "line"} ${at.toString()}: ${severity}: ${text}`;

/** The test that one rule is: it fails with the findings that fail the run. */
function testCase(
  audit: FileAudit,
  rule: RuleId,
  failed: ReadonlySet<ReportedFinding>,
): { readonly xml: string; readonly isFailed: boolean } {
  const own = audit.findings.filter((one) => one.rule === rule);
  const bad = own.filter((one) => failed.has(one));
  const said = own.filter((one) => !failed.has(one));
  const open = `    <testcase name="${rule}" classname="${escaped(audit.file)}" time="0"`;
  const [first] = bad;
  const parts: string[] = [];
  if (first !== undefined) {
    const text = [...bad.map((one) => lineOf(audit, one)), rules[rule].remedy].join("\n");
    const message = escaped(rules[rule].what);
    const type = first.severity;
    parts.push(`      <failure message="${message}" type="${type}">${escaped(text)}</failure>\n`);
  }
  if (said.length > 0) {
    const text = said.map((one) => lineOf(audit, one)).join("\n");
    parts.push(`      <system-out>${escaped(text)}</system-out>\n`);
  }
  const xml = parts.length === 0 ? `${open}/>\n` : `${open}>\n${parts.join("")}    </testcase>\n`;
  return { xml, isFailed: first !== undefined };
}

function suite(
  audit: FileAudit,
  threshold: Threshold,
): { readonly xml: string; readonly tests: number; readonly failures: number } {
  const { file, kind, error } = audit;
  const failed = new Set(failing(audit, threshold));
  const applicable = ruleIds.filter((id) => rules[id].from === "both" || rules[id].from === kind);
  const cases = applicable.map((rule) => testCase(audit, rule, failed));
  const failures = cases.filter(({ isFailed }) => isFailed).length;
  const errors = error === undefined ? 0 : 1;
  const name = escaped(file);
  const tests = cases.length + errors;
  const broken =
    error === undefined
      ? ""
      : `    <testcase name="the file can be read" classname="${name}" time="0">\n` +
        `      <error message="${escaped(error)}" type="input"/>\n    </testcase>\n`;
  const counts = `tests="${tests}" failures="${failures}" errors="${errors}" skipped="0"`;
  const body = cases.map(({ xml }) => xml).join("");
  const xml = `  <testsuite name="${name}" ${counts} time="0">\n${body}${broken}  </testsuite>\n`;
  return { xml, tests, failures };
}

/** Audits as JUnit's XML: a suite a file, a test a rule. */
export function junitText(audits: readonly FileAudit[], threshold: Threshold): string {
  const suites = audits.map((audit) => suite(audit, threshold));
  const sum = (of: "tests" | "failures"): number =>
    suites.reduce((total, one) => total + one[of], 0);
  const errors = audits.filter(({ error }) => error !== undefined).length;
  const counts = `tests="${sum("tests")}" failures="${sum("failures")}" errors="${errors}"`;
  const body = suites.map(({ xml }) => xml).join("");
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return `${head}<testsuites name="shadowfold audit" ${counts} time="0">\n${body}</testsuites>\n`;
}
