import { expect, test } from "vitest";
import { captureRun, recordingPath } from "./test/captured-run.ts";

const file = recordingPath("linux-vfio-edu");
const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

test("[TT9] log --where lists the events for which an expression is so", async () => {
  const typed = await captureRun("log", file, "--type", "DmaBlocked,FaultRecorded");
  const where = await captureRun(
    "log",
    file,
    "--where",
    'fact == "DmaBlocked" || event in ["FaultRecorded"]',
  );
  expect(where).toEqual(typed);
  expect(linesOf(where.out).length).toBeGreaterThan(1);
  const narrow = ["--type", "DmaBlocked", "--where", "iova >= 0x1806000 && iova < 0x1807000"];
  const both = await captureRun("log", file, ...narrow);
  const one = await captureRun(
    "log",
    file,
    "--where",
    'event == "DmaBlocked" && iova >= 0x1806000 && iova < 0x1807000',
  );
  expect(both.out).toBe(one.out);
  expect(linesOf(both.out).length).toBeGreaterThan(0);
});

test("[TT9] log --where knows changes of a translation, and laws that did not hold", async () => {
  const changed = 'changes("00:04.0", 0x1806000) && seq == cause';
  const { out, code } = await captureRun("log", file, "--where", changed);
  expect(code).toBe(0);
  expect(linesOf(out).length).toBeGreaterThan(1);
  expect(linesOf(out).every((line) => /^ +\d+ {2}\w/.test(line))).toBe(true);
  const laws = await captureRun("log", file, "--to", "2000", "--where", "laws.size() > 0");
  expect(laws).toEqual({ code: 0, out: "", err: "" });
});

test("[TT8] a wrong expression of --where is one line with its position, and code 2", async () => {
  const { code, out, err } = await captureRun("log", file, "--where", 'event == "Dma" && evnt > 1');
  expect([code, out]).toEqual([2, ""]);
  expect(linesOf(err)).toHaveLength(1);
  expect(err).toContain("position 19: Unknown variable: evnt");
});
