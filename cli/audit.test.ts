import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { wrongDrivers } from "../audit/test/wrong-drivers.ts";
import { encodeHeader, encodeInput } from "../events/log/log.ts";
import { encodeEnd } from "../events/log/log-end.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("audit", afterAll);

/** A log of inputs: of the driver that breaks a rule, or of the one that was repaired. */
function logOf(rule: string, which: "wrong" | "right" = "wrong"): readonly string[] {
  const driver = wrongDrivers.find((one) => one.rule === rule);
  if (driver === undefined) throw new Error(`no driver breaks ${rule}`);
  const inputs = driver[which]().inputs;
  const lines = inputs.map((input, index) => encodeInput(index + 1, input));
  return [encodeHeader(driver.setup), ...lines, encodeEnd(inputs.length)];
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
const narrow = fileOf("narrow.jsonl", text(logOf("range-too-narrow")));
const right = fileOf("right.jsonl", text(logOf("range-too-narrow", "right")));
const trace = "recordings/traces/forgotten-invalidation.trace.txt.gz";

describe("audit", () => {
  it.each(["linux-legacy-nvme", "linux-scalable-nvme", "linux-legacy-nvme-load"])(
    "[AU11] has nothing to say of %s",
    async (name) => {
      const { code, out, err } = await run("audit", recordingPath(name), "--json");
      const { findings } = JSON.parse(out);
      expect(findings.filter(({ severity }: { severity: string }) => severity !== "info")).toEqual(
        [],
      );
      expect([code, err]).toEqual([0, ""]);
    },
  );

  it("[AU11] names read-only writes and uses after unmapping in linux-vfio-edu", async () => {
    const { code, out } = await run("audit", recordingPath("linux-vfio-edu"), "--json");
    const { findings } = JSON.parse(out);
    const serious = findings.filter(({ severity }: { severity: string }) => severity !== "info");
    expect(serious.map((one: Record<string, unknown>) => [one["rule"], one["count"]])).toEqual([
      ["use-after-unmap", 48],
      ["write-to-read-only", 704],
    ]);
    expect(code).toBe(1);
  });

  it("[AU12] tells people the rule, the near miss, reason, remedy and how to go on", async () => {
    const { code, out } = await run("audit", narrow);
    expect(code).toBe(1);
    expect(out).toContain("error range-too-narrow: an invalidation left out pages");
    expect(out).toContain("covers 0x1806000 to 0x1807fff of domain 5; this page is 0x1808000");
    expect(out).toMatch(/Why: .*\n {2}Remedy: /);
    expect(out).toMatch(/shadowfold debug .*narrow\.jsonl --terminal --at \d+/);
    expect(out).toMatch(/^Stale .*Longest/m);
    const clean = await run("audit", right);
    expect([clean.code, clean.out.includes("none") || clean.out.includes("info")]).toEqual([
      0,
      true,
    ]);
  });

  it("[AU12] judges a trace by the same rules, as far as it goes", async () => {
    const { code, out } = await run("audit", trace, "--json");
    const { kind, findings, notObservable } = JSON.parse(out);
    expect([code, kind, findings.length]).toEqual([1, "trace", 1]);
    expect(findings[0]).toMatchObject({ rule: "never-announced", line: 79, evidence: [{}, {}] });
    expect(Object.keys(notObservable)).toHaveLength(1);
  });

  it("[AU13] ends by the threshold, and by what a baseline accepts", async () => {
    const known = join(folder, "known.json");
    expect((await run("audit", narrow, "--fail-on", "none")).code).toBe(0);
    expect((await run("audit", narrow, "--write-baseline", known)).code).toBe(1);
    const accepted = await run("audit", narrow, "--baseline", known);
    expect([accepted.code, accepted.out.includes("accepted")]).toEqual([0, true]);
    const other = fileOf("other.jsonl", text(logOf("wrong-domain")));
    expect((await run("audit", other, "--baseline", known)).code).toBe(1);
    const again = await run("audit", narrow, "--write-baseline", known);
    expect([again.code, again.err]).toEqual([
      2,
      `${known}: is there already; --force replaces it\n`,
    ]);
  });

  it("[AU13] writes SARIF and JUnit to files", async () => {
    const sarif = join(folder, "audit.sarif");
    expect((await run("audit", narrow, "--format", "sarif", "-o", sarif)).code).toBe(1);
    const { runs } = JSON.parse(readFileSync(sarif, "utf8"));
    const [error] = runs[0].results.filter(({ level }: { level: string }) => level === "error");
    const line = error.locations[0].physicalLocation.region.startLine;
    const names = readFileSync(narrow, "utf8").split("\n")[line - 1];
    expect(names).toContain('"RegisterWrite"');
    const junit = await run("audit", narrow, right, "--format", "junit");
    expect(junit.out.match(/<testsuite /g)).toHaveLength(2);
  });

  it.each([
    [["audit", "missing.jsonl"], /^missing\.jsonl: .*\n$/],
    [["audit", narrow, "--baseline", narrow], /no JSON\n$/],
    [["audit", narrow, "--follow", "-o", "x"], /^--follow: not with --output\n$/],
    [["audit", narrow, right, "--follow"], /^--follow: goes with one file\n$/],
    [["audit", narrow, "--for", "5s"], /^--for: goes with --follow\n$/],
    [["audit", "-", "--follow"], /^-: standard input cannot be followed\n$/],
    [["audit", recordingPath("linux-legacy-nvme"), "--follow", "--for", "1s"], /is compressed/],
    [["audit", narrow, "--format", "html"], /--format/],
  ])("[AU14] what it cannot do is one line and exit code 2: %j", async (words, why) => {
    const { code, out, err } = await run(...words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(why);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  it("[AU14] what stands before the bad line of a log is audited, and the code is 2", async () => {
    const lines = logOf("range-too-narrow");
    const bad = fileOf("bad.jsonl", text([...lines.slice(0, -1), "{"]));
    const { code, out, err } = await run("audit", bad, "--json");
    expect([code, err.includes("bad.jsonl")]).toEqual([2, true]);
    expect(JSON.parse(out).findings.length).toBeGreaterThan(0);
  });
});

describe("audit --follow", () => {
  it("[AU15] tells each finding once while the log grows, and ends with the log", async () => {
    const lines = logOf("range-too-narrow");
    const file = join(folder, "growing.jsonl");
    const half = lines.length - 4;
    writeFileSync(file, `${text(lines.slice(0, half))}${lines[half]?.slice(0, 20) ?? ""}`);
    const running = run("audit", file, "--follow", "--json", "--for", "20s");
    await new Promise((done) => setTimeout(done, 300));
    appendFileSync(file, `${lines[half]?.slice(20) ?? ""}\n${text(lines.slice(half + 1))}`);
    const { code, out, err } = await running;
    const rows = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const errors = rows.filter(({ severity }) => severity === "error");
    expect([code, err, errors.map(({ rule }) => rule)]).toEqual([1, "", ["range-too-narrow"]]);
  });

  it("[AU15] ends after the time that it was given, with what is known by then", async () => {
    const lines = logOf("range-too-narrow", "right");
    const file = fileOf("open.jsonl", text(lines.slice(0, -1)));
    const { code, err } = await run("audit", file, "--follow", "--for", "1s");
    expect([code, err]).toEqual([0, ""]);
  });
});

describe("recordings", () => {
  it("[AU16] one flush that is taken out is named, at the mapping that is too early", async () => {
    const packed = readFileSync(recordingPath("linux-legacy-nvme"));
    const all = gunzipSync(packed).toString().split("\n");
    const flush = "f2000300000000000500faff00000000";
    const flushes = all.flatMap((line, at) => (line.includes(flush) ? [at] : []));
    // Every second one announces the unmapping, the others the mapping; a wait takes its place.
    const place = flushes[1] ?? 0;
    all[place] = (all[place] ?? "").replace(flush, `05${"0".repeat(30)}`);
    const file = fileOf("altered.jsonl", all.join("\n"));
    const { code, out } = await run("audit", file, "--json");
    const errors = JSON.parse(out).findings.filter(
      ({ severity }: { severity: string }) => severity === "error",
    );
    expect([flushes.length > 1, code, errors.map(({ rule }: { rule: string }) => rule)]).toEqual([
      true,
      1,
      ["iova-reused-too-early"],
    ]);
  });
});
