import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder } = scratch("save", afterAll);

const edu = recordingPath("linux-vfio-edu");
const header = {
  shadowfold: 1,
  model: "0.1.0",
  guests: [{ ver: "0x10", cap: "0xd2008c222f0686", ecap: "0xf00f4b", p2m: [], devices: [] }],
};
const logOf = (...events: readonly object[]): string => {
  const file = join(folder, "life.ndjson");
  const lines = events.map((event, index) => JSON.stringify({ seq: index * 9 + 1, ...event }));
  writeFileSync(file, `${[JSON.stringify(header), ...lines].join("\n")}\n`);
  return file;
};

describe("save", () => {
  test("[CL30] the record of a recorded guest is two lines: what it is, and the unit", async () => {
    const out = join(folder, "edu.unit");
    expect(await run("save", edu, out, "--at", "5000")).toEqual({ code: 0, out: "", err: "" });
    const [first, body = ""] = readFileSync(out, "utf8").split("\n");
    expect(first).toBe(`shadowfold-unit 3 ${body.length} ${first?.slice(-64)}`);
    expect(JSON.parse(body)).toMatchObject({ state: { charts: { translation: "enabled" } } });
  });

  test("[CL30] a record goes into a log, and log and state show what became of it", async () => {
    const plain = logOf({ input: "RegisterWrite", offset: 56, size: 4, value: "0x0" });
    const out = join(folder, "plain.unit");
    await run("save", plain, out);
    const record = readFileSync(out, "utf8").trimEnd();
    const file = logOf({ input: "UnitRestore", record });
    const listed = await run("log", file);
    expect(listed.out).toContain("UnitRestored");
    expect(listed.out).toMatch(/characters\)/);
    expect((await run("state", file)).out).toMatch(/unit +present/);
    const bad = logOf({ input: "UnitRestore", record: record.slice(0, 200) });
    expect((await run("log", bad)).out).toContain("the record is cut short after");
  });

  test("[CL30] without a unit there is nothing to save", async () => {
    const { code, err } = await run("save", logOf({ input: "UnitDestroy" }), "-");
    expect([code, err.trim().split("\n").length]).toEqual([2, 1]);
    expect(err).toContain("guest 0 has no unit to save");
  });
});
