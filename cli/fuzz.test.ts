import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { machineWords } from "../qemu/qtest/machine.ts";
import { installedQemu } from "../qemu/test/installed.ts";
import { usualUnitOptions } from "../qemu/unit-options.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("fuzz", afterAll);
const { qemu, why } = await installedQemu();
const path = qemu?.path ?? "";

describe("fuzz", () => {
  test("[QF8] what cannot be done is one line", async () => {
    const text = fileOf("text", "no log\n");
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/expected qemu, qtest:COMMAND, stdio:/, "--against", "nothing"],
      [/not a program that can be run/, "--qemu", join(folder, "missing")],
      [/names no version/, "--qemu", "/bin/true"],
      [/no-such-folder/, "--out", join(folder, "no-such-folder", "x")],
      [/is no qtest script/, "--script", text],
      [/Expected a version/, "--deviations", "new"],
      [/before 7.2/, "--deviations", "3"],
      [/no known deviation/, "--without", "nothing"],
      [/cannot be used with/, "--log", text, "--script", text],
      [/Expected a whole number from 1\./, "--runs", "0"],
      [/Expected a whole number from 1\./, "--runs", "-1"],
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
      // No DMA and no interrupt is in it.
      expect((await run("replay", log)).code).toBe(3);
      const script = await run("fuzz", "--qemu", path, "--script", `${prefix}.qtest`);
      expect([script.code, script.err]).toEqual([1, ""]);
      expect(script.out).toContain("the model: ");
      expect(script.out).toMatch(/QEMU does what the script says: it differs from the model\.\n$/);
      const mended = readFileSync(`${prefix}.qtest`, "utf8").replace(
        /#= (.*)\n#! .*/g,
        "#= OK 0x1\n#! $1",
      );
      const gone = await run("fuzz", "--qemu", path, "--script", fileOf("mended.qtest", mended));
      expect([gone.code, gone.out.includes("what the model expects, not")]).toEqual([0, true]);
      const again = await run(...words, "--log", log, "--deviations", "none", "--json");
      expect(again.code).toBe(1);
      expect(JSON.parse(again.out).finding.text).toContain("GSTS");
    },
  );

  test.skipIf(qemu === undefined)(
    `[QF12] another program stands in for QEMU, and ends with what it has started${why}`,
    { timeout: 60_000 },
    async () => {
      const words = machineWords(usualUnitOptions("legacy")).join(" ");
      const sockets =
        '-qtest "unix:$QTEST_SOCKET,server=on,wait=off" -qmp "unix:$QMP_SOCKET,server=on,wait=off"';
      const files = '-bios "$FIRMWARE" -qtest-log none';
      const wrapper = fileOf("wrapper.sh", `${path} ${words} ${files} ${sockets}; exit $?\n`);
      const against = [
        "fuzz",
        "--against",
        `qtest:cd / && sh ${wrapper}`,
        "--out",
        join(folder, "w"),
      ];
      const version = `${qemu?.major ?? 0}.${qemu?.minor ?? 0}`;
      const own = ["--log", recordingPath("linux-vfio-edu"), "--deviations", version, "--json"];
      const { code, out } = await run(...against, ...own);
      expect(code).toBe(0);
      const { compared, operations } = JSON.parse(out);
      expect(compared).toBe(operations);
      const other = await run(...against, "--profile", "scalable", "--runs", "1");
      expect([other.code, other.err]).toEqual([2, expect.stringContaining("has no scalable mode")]);
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
