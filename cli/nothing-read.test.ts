import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { tables, turnOn } from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { nvme, unit } from "../properties/examples/unit.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("nothing-read", afterAll);

const setup = unit({ devices: [{ device: nvme, physical: false }] });
const header = fileOf("header", logOf(setup, []));
const whole = logOf(setup, flat([tables, turnOn]));
const cut = fileOf("cut", whole.slice(0, -30));
const kernel = fileOf(
  "kernel",
  "[    1.0] DMAR: DRHD: handling fault status reg 2\n" +
    "[    1.0] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x1000 " +
    "[fault reason 0x06] PTE Read access is not set\n",
);
const noise = fileOf("noise", "lorem ipsum\ndolor sit amet\n");
const place = ["--device", "00:04.0", "--iova", "0x1000"];

describe("a log that has nothing after its first line", () => {
  test.each([
    ["replay", header],
    ["verify", header],
    ["audit", header],
    ["audit", header, "--format", "sarif"],
    ["compare", header, header],
    ["fuzz", "--log", header],
  ])("[CL53] is nothing to judge: %s", async (...words) => {
    const { code, out } = await run(...words);
    expect(code).toBe(3);
    expect(out).not.toContain("agree");
  });

  test.each([
    ["state", header],
    ["calls", header],
    ["why", header, ...place],
  ])("[CL53] can be looked at: %s", async (...words) => {
    const { code, out, err } = await run(...words);
    expect([code, err]).toEqual([0, ""]);
    expect(out).not.toBe("");
  });

  test("[CL53] log says that there is no event", async () => {
    const { code, out, err } = await run("log", header);
    expect([code, out, err]).toEqual([0, "", `${header}: has no events\n`]);
  });
});

describe("a text that is no log", () => {
  test.each([
    ["replay"],
    ["trace"],
    ["audit"],
    ["why", ...place],
    ["translate", ...place],
    ["log"],
    ["verify"],
    ["convert", join(folder, "never.ndjson")],
  ])("[CL54] of a kernel log %s says what reads it", async (command, ...others) => {
    const { code, err } = await run(command, kernel, ...others);
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^\S+:1: not JSON: .*; explain reads it/),
    ]);
    expect((await run(command, noise, ...others)).err).not.toContain("explain");
  });

  test("[CL54] dmar build has no words of Node's for it", async () => {
    for (const text of ["", "{}}", "lorem", "[1"]) {
      const file = fileOf("config", text);
      const { code, err } = await run("dmar", "build", file, join(folder, "never.aml"));
      expect([code, err]).toEqual([2, `${file}: no JSON\n`]);
    }
  });
});

test("[CL71] a page of a log that is cut has what is before, and the command says so", async () => {
  const page = join(folder, "page.html");
  const { code, err } = await run("export", "html", cut, "-o", page);
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/:\d+: .*; \S*page\.html has what is bef/),
  ]);
  expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/i);
  const good = await run("export", "html", fileOf("whole", whole), "-o", page, "--force");
  expect([good.code, good.err]).toEqual([0, ""]);
});
