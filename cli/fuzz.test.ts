import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { installedQemu } from "../qemu/test/installed.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("fuzz", afterAll);
const { qemu, why } = await installedQemu();
const path = qemu?.path ?? "";

describe("fuzz", () => {
  test("[QF8] what cannot be done is one line", async () => {
    const text = fileOf("text", "no log\n");
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/neither qemu nor qtest:COMMAND/, "--against", "nothing"],
      [/not a program that can be run/, "--qemu", join(folder, "missing")],
      [/names no version/, "--qemu", "/bin/true"],
      [/no-such-folder/, "--out", join(folder, "no-such-folder", "x")],
      [/is no qtest script/, "--script", text],
      [/Expected a version/, "--deviations", "new"],
      [/Expected 1 or more/, "--runs", "0"],
    ];
    for (const [message, ...words] of wrong) {
      const { code, out, err } = await run("fuzz", ...words);
      expect([words, code, out]).toEqual([words, 2, ""]);
      expect(err).toMatch(message);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
    }
  });

  test.skipIf(qemu === undefined)(
    `[QF9] a counterexample is told, and its log and script show it again${why}`,
    { timeout: 120_000 },
    async () => {
      const prefix = join(folder, "found");
      const words = ["fuzz", "--qemu", path, "--out", prefix];
      const found = await run(...words, "--without", "compatibility-ignored", "--seed", "1");
      expect([found.code, found.err]).toEqual([1, ""]);
      expect(found.out).toMatch(/The driver writes 0x\w+ \(.*cfi.*\) to GCMD/);
      expect(found.out).toContain("differs from the model: register: GSTS");
      const log = `${prefix}.ndjson`;
      expect((await run("replay", log)).code).toBe(0);
      const script = await run("fuzz", "--qemu", path, "--script", `${prefix}.qtest`);
      expect([script.code, script.err]).toEqual([1, ""]);
      expect(script.out).toContain("the model: ");
      const again = await run(...words, "--log", log, "--deviations", "none", "--json");
      expect(again.code).toBe(1);
      expect(JSON.parse(again.out).finding.text).toContain("GSTS");
    },
  );

  test.skipIf(qemu === undefined)(
    `[QF10] a recorded guest does in QEMU what it does in the model${why}`,
    { timeout: 120_000 },
    async () => {
      const log = recordingPath("linux-vfio-edu");
      const prefix = join(folder, "recorded");
      const { code, out } = await run(
        "fuzz",
        "--qemu",
        path,
        "--log",
        log,
        "--out",
        prefix,
        "--json",
      );
      const { compared, operations } = JSON.parse(out);
      expect([code, existsSync(`${prefix}.ndjson`)]).toEqual([0, false]);
      expect(operations).toBeGreaterThan(4000);
      expect(compared).toBe(operations);
    },
  );
});

test("[QF11] the help of fuzz names every option of its documentation", async () => {
  const { out } = await run("fuzz", "--help");
  const documented = readFileSync(new URL("../docs/qemu.md", import.meta.url), "utf8");
  const options = out.match(/^ {2}(?:-\w, )?--[\w-]+/gm) ?? [];
  expect(options.length).toBeGreaterThan(8);
  for (const option of options.filter((each) => !each.includes("help"))) {
    expect(documented).toContain(option.trim());
  }
});
