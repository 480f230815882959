import { describe, expect, it } from "vitest";
import { nvme, unit } from "../../properties/examples/unit.ts";
import type { Finding } from "../finding.ts";
import { ruleIds, rules } from "../rule.ts";
import { auditOf } from "../test/made-log.ts";
import { wrongDrivers } from "../test/wrong-drivers.ts";
import { auditJson } from "./audit-json.ts";
import { baselineOf, baselineText, isBaseline, startAccepting } from "./baseline.ts";
import type { FileAudit } from "./file-audit.ts";
import { failing, fingerprintOf } from "./file-audit.ts";
import { junitText } from "./junit.ts";
import { sarifText } from "./sarif.ts";

const reportedOf = (findings: readonly Finding[]): FileAudit["findings"] =>
  findings.map((one) => ({
    ...one,
    fingerprint: fingerprintOf(one),
    accepted: false,
    line: one.at + 1,
  }));

/** The audit of a wrong driver as that of a file. */
function fileAudit(rule: string): FileAudit {
  const driver = wrongDrivers.find((one) => one.rule === rule);
  if (driver === undefined) throw new Error(`no driver breaks ${rule}`);
  const { report } = auditOf(driver.setup, driver.wrong());
  const findings = reportedOf(report.findings);
  return {
    ...{ file: "a log/<1>&.jsonl", kind: "log", length: report.events, findings },
    ...{ staleness: report.staleness, notObservable: {}, undecided: {}, isJudged: true },
  };
}

const narrow = fileAudit("range-too-narrow");

describe("SARIF", () => {
  const log = JSON.parse(sarifText([narrow], true, (_, at) => at + 1));
  const [run] = log.runs;

  it("[AU5] has all rules in one run of version 2.1.0, and each result names its own", () => {
    expect([log.version, log.runs.length]).toEqual(["2.1.0", 1]);
    expect(run.tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(ruleIds);
    for (const { ruleId, ruleIndex, level } of run.results) {
      expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(level).toBe({ error: "error", warning: "warning", info: "note" }[severityOf(ruleId)]);
    }
  });

  it("[AU5] says where: the line of the event, and those of the evidence", () => {
    const [one] = run.results.filter(({ level }: { level: string }) => level === "error");
    const [location] = one.locations;
    expect(location.physicalLocation).toEqual({
      artifactLocation: { uri: "a%20log/%3C1%3E%26.jsonl" },
      region: { startLine: (narrow.findings.find(isError)?.at ?? 0) + 1 },
    });
    expect(one.relatedLocations.length).toBeGreaterThan(1);
    expect(one.partialFingerprints["shadowfold/v1"]).toContain("range-too-narrow: guest 0");
    expect(one.baselineState).toBe("new");
  });
});

const isError = ({ severity }: Finding): boolean => severity === "error";
const severityOf = (rule: string) => rules[rule as (typeof ruleIds)[number]].severity;

describe("JUnit", () => {
  const xml = junitText([narrow, { ...narrow, findings: [], error: "cut short" }], "error");

  it("[AU6] has a suite a file and a test a rule, and counts what fails", () => {
    expect(xml.match(/<testsuite /g)).toHaveLength(2);
    const own = ruleIds.filter((id) => rules[id].from !== "trace").length;
    expect(xml.match(/<testcase /g)).toHaveLength(2 * own + 1);
    expect(xml).toContain(`tests="${(2 * own + 1).toString()}" failures="1" errors="1"`);
    expect(xml.match(/<failure /g)).toHaveLength(1);
    expect(xml).toContain('<error message="cut short"');
  });

  it("[AU6] is well-formed whatever a name has in it", () => {
    const odd = junitText([{ ...narrow, file: 'a"<b>&\u0001\uffff' }], "none");
    expect(odd).toContain('name="a&quot;&lt;b&gt;&amp;??"');
    expect(odd).not.toMatch(/<failure/);
    const open = odd.match(/<(testsuites|testsuite|testcase)\b[^>]*[^/]>/g)?.length;
    expect(odd.match(/<\/(testsuites|testsuite|testcase)>/g)?.length).toBe(open);
  });
});

describe("baselines", () => {
  const baseline = baselineOf(JSON.parse(baselineText(narrow.findings)));

  it("[AU7] accept what they have, as often as they have it", () => {
    if (!isBaseline(baseline)) throw new Error(baseline.why);
    const accepts = startAccepting(baseline);
    expect(narrow.findings.map(({ fingerprint }) => accepts(fingerprint))).not.toContain(false);
    expect(narrow.findings.map(({ fingerprint }) => accepts(fingerprint))).not.toContain(true);
    expect(accepts("range-too-narrow: guest 1")).toBe(false);
  });

  it("[AU7] know a finding at other events, and no other one", () => {
    const [one] = narrow.findings.filter(isError);
    if (one === undefined) throw new Error("nothing was found");
    const later = { ...one, at: one.at + 7, text: one.text.replaceAll(/\d+/g, "9") };
    expect(fingerprintOf(later)).toBe(one.fingerprint);
    const others: readonly Partial<Finding>[] = [
      { rule: "wrong-domain" },
      { guest: 1 },
      { device: undefined },
      { domain: 6 },
      { iova: { first: 0n, end: 4096n } },
      { pasid: 3 },
    ];
    for (const other of others)
      expect(fingerprintOf({ ...one, ...other })).not.toBe(one.fingerprint);
  });

  it.each([
    [[], "no object", undefined],
    [{ kind: "x" }, '"kind"', undefined],
    [{}, '"version"', { version: 2 }],
    [{}, '"findings"', { findings: {} }],
    [{}, "finding 1 is not one", { findings: [{ fingerprint: "what: guest 0", count: 1 }] }],
    [{}, "finding 1 is not one", { findings: [{ fingerprint: "fault: guest 0", count: 0 }] }],
  ])("[AU7] that are none are refused: %j %s", (value, why, changed) => {
    const good = JSON.parse(baselineText([])) as object;
    const given = changed === undefined ? value : { ...good, ...changed };
    const read = baselineOf(given);
    expect(isBaseline(read) ? "" : read.why).toContain(Array.isArray(value) ? '"kind"' : why);
  });
});

describe("thresholds", () => {
  it("[AU8] a finding fails a run from its severity on, unless it is accepted", () => {
    const faulty = fileAudit("reserved-bits");
    const warned: FileAudit = {
      ...faulty,
      findings: faulty.findings.map((one) => ({ ...one, severity: "warning" })),
    };
    expect(failing(warned, "error")).toEqual([]);
    expect(failing(warned, "warning")).toEqual(warned.findings);
    expect(failing(warned, "info")).toEqual(warned.findings);
    expect(failing(warned, "none")).toEqual([]);
    const accepted = warned.findings.map((one) => ({ ...one, accepted: true }));
    expect(failing({ ...warned, findings: accepted }, "info")).toEqual([]);
  });
});

describe("staleness", () => {
  it("[AU9] is counted in events, by domain and device, with what used it", () => {
    const late = wrongDrivers.find(({ rule }) => rule === "announced-too-late");
    const { report, nameAt } = auditOf(
      unit(),
      late?.wrong() ?? wrongDrivers[0]?.wrong() ?? never(),
    );
    const [guest] = report.staleness;
    expect(guest?.all).toMatchObject({ changes: 1, pages: 1, uses: 1 });
    expect(guest?.all.total).toBe(guest?.all.longest);
    expect((guest?.all.longestTo ?? 0) - (guest?.all.longestFrom ?? 0)).toBe(guest?.all.longest);
    expect([...(guest?.byDomain.keys() ?? [])]).toEqual([5]);
    expect([...(guest?.byDevice.keys() ?? [])]).toEqual([nvme]);
    const [one] = report.findings.filter(isError);
    expect(nameAt(one?.at ?? 0)).toBe("use");
  });

  it("[AU9] goes on to the end where nothing announces the change", () => {
    const never = fileAudit("never-announced");
    const [guest] = never.staleness;
    expect(guest?.all).toMatchObject({ changes: 1, longestTo: never.length });
  });
});

const never = (): never => {
  throw new Error("there is no such driver");
};

describe("objects", () => {
  it("[AU10] have what is known of a finding, and the command that opens it", () => {
    const { findings } = auditJson(narrow) as { findings: readonly Record<string, unknown>[] };
    const [one] = findings.filter(({ severity }) => severity === "error");
    expect(one).toMatchObject({
      ...{ rule: "range-too-narrow", whose: "driver", device: "00:04.0", domain: 5 },
      ...{ first: "0x1808000", last: "0x1808fff", remedy: rules["range-too-narrow"].remedy },
    });
    expect(one?.["open"]).toBe(`shadowfold debug ${narrow.file} --terminal --at ${one?.["event"]}`);
  });
});
