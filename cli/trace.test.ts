import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { findingKinds } from "../audit/trace/finding.ts";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf, folder } = scratch("trace", (remove) => afterAll(remove));
const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../recordings/traces/${name}.gz`, import.meta.url));
const vtd = pathOf("qemu10-linux61.vtd.log");
const linux = pathOf("qemu10-linux61.trace.txt");
const linesOf = (path: string): readonly string[] =>
  gunzipSync(readFileSync(path)).toString("utf8").split("\n");

/** Linux's trace without one invalidation: the unmapping at this line is not announced. */
const at = linesOf(linux).findIndex((line) => line.includes(": unmap:"));
const forgot = fileOf(
  "forgot.txt",
  linesOf(linux)
    .toSpliced(at + 1, 1)
    .join("\n"),
);

describe("replay of a trace", () => {
  test("[TC18] prints a table of both formats and no finding", async () => {
    const { code, out, err } = await captureRun("replay", vtd, linux);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/vtd\.log\.gz +QEMU vtd_\* log +2,057 +280 +[\d,]+ +\d+ +none\n/);
    expect(out).toMatch(/trace\.txt\.gz +Linux trace +363 +140 +[\d,]+ +36 +none\n/);
    expect(out).toContain("the driver announces unmappings at once, mappings too (caching mode)");
  });

  test("[TC18] --json gives counts, verdicts and findings", async () => {
    const { code, out } = await captureRun("replay", "--json", forgot);
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(code).toBe(1);
    expect(report).toMatchObject({
      file: forgot,
      format: "linux",
      unparsed: { count: 0, first: [] },
      invalidations: { "contextCache global": 1, "deviceTlb page": 12 },
      verdicts: { disagree: 1, notObservable: 36 },
      findings: [{ kind: "missingInvalidation", line: at + 1 }],
    });
  });

  test("[TC18] a finding is shown with its line, and exit code 1", async () => {
    const { code, out } = await captureRun("replay", forgot);
    expect(code).toBe(1);
    expect(out).toContain(`line ${(at + 1).toString()}: `);
    expect(out).toContain("no invalidation follows");
  });

  test("[TC18] lines that are not understood are shown", async () => {
    const odd = "vtd_inv_qi_tail write tail 0\nvtd_dream 1\nvtd_\u001b[31mred\n\u001b[31mred\n";
    const { code, out } = await captureRun("replay", fileOf("odd.log", odd));
    expect(code).toBe(3);
    expect(out).toContain("line 2: vtd_dream 1\n");
    expect(out).toContain("line 3: vtd_\\u001b[31mred\n");
    expect(out).toContain("      1  line of a console, or other text\n");
  });

  test("[TC18] --profile holds descriptors against a unit", async () => {
    const { code, out } = await captureRun("replay", "--profile", "qemu-legacy", vtd);
    expect(code).toBe(1);
    expect(out).toContain("the unit does not know deviceTlb descriptors");
    expect((await captureRun("replay", "--profile", "dream", vtd)).code).toBe(2);
  });

  test("[TC18] a log and a trace are reported in one run", async () => {
    const recording = fileURLToPath(
      new URL("../recordings/linux-scalable-nvme.jsonl.gz", import.meta.url),
    );
    const { code, out } = await captureRun("replay", recording, linux);
    expect(code).toBe(0);
    expect(out).toContain("linux-scalable-nvme.jsonl.gz");
    expect(out).toContain("Linux trace");
  });

  test("[TC18] a trace that is cut short is judged up to there, and exit code 2", async () => {
    const cut = fileOf("cut.gz", readFileSync(linux).subarray(0, 2000));
    const { code, out, err } = await captureRun("replay", cut);
    expect([code, err.split("\n").length]).toEqual([2, 2]);
    expect(err).toContain("gzip cut short");
    expect(out).toContain("Linux trace");
  });
});

test("[TC18] docs/traces.md lists every kind of finding", () => {
  const page = readFileSync(new URL("../docs/traces.md", import.meta.url), "utf8");
  const rows = page.split("\n").flatMap((line) => /^\| `(\w+)` \|/.exec(line)?.[1] ?? []);
  expect(rows.toSorted()).toEqual(Object.keys(findingKinds).toSorted());
});

describe("trace", () => {
  test("[TC18] lists what a trace invalidates", async () => {
    const { code, out } = await captureRun("trace", linux);
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines).toHaveLength(140);
    expect(lines[0]).toMatch(/^ +\d+ {2}interruptEntry global {2}\(dmar0, CPU 0-0\)$/);
    const { out: json } = await captureRun("trace", "--json", vtd);
    const report = JSON.parse(json) as { sequence: readonly unknown[] };
    expect(report.sequence).toHaveLength(280);
    expect(report.sequence[0]).toMatchObject({ descriptor: "0x4", text: "interruptEntry global" });
  });

  test("[TC18] of two of one boot says that they are the same", async () => {
    const { code, out } = await captureRun("trace", vtd, linux);
    expect(code).toBe(0);
    expect(out).toContain("140 invalidations are the same, in the same order.\n");
  });

  test("[TC18] says which descriptor is missing where, and exit code 1", async () => {
    const { code, out } = await captureRun("trace", vtd, forgot);
    expect(code).toBe(1);
    expect(out).toContain("139 invalidations are the same");
    expect(out).toMatch(/iotlb page of domain \d .*; missing in .*forgot\.txt before line \d+\n/);
    const { out: json } = await captureRun("trace", "--json", vtd, forgot);
    expect(JSON.parse(json)).toMatchObject({ counts: [140, 139], differences: [{ only: 1 }] });
  });

  test("[TC18] --overlap leaves out what one trace alone was taken for", async () => {
    const later = fileOf("later.txt", linesOf(linux).toSpliced(11, 6).join("\n"));
    expect((await captureRun("trace", vtd, later)).code).toBe(1);
    expect((await captureRun("trace", "--overlap", vtd, later)).code).toBe(0);
  });

  test("[TC18] what is no trace, empty or missing is one line and exit code 2", async () => {
    const text = fileOf("text.txt", "hello\n");
    for (const words of [[text], [`${folder}/none`], [fileOf("empty", "")], [vtd, linux, vtd]]) {
      const { code, out, err } = await captureRun("trace", ...words);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(/^[^\n]+\n$/);
    }
  });
});

test("[TC18] what folds refuses a trace in one line", async () => {
  for (const words of [
    ["convert", vtd, `${folder}/out.ndjson`],
    ["log", linux],
    ["verify", vtd],
  ]) {
    const { code, err } = await captureRun(...words);
    expect(code).toBe(2);
    expect(err).toMatch(/^[^\n]+: is a .*: no guest memory to fold; use replay or trace\n$/);
  }
});
