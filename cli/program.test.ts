import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("program", afterAll);

const edu = recordingPath("linux-vfio-edu");

const commands = [
  "replay",
  "translate",
  "why",
  "state",
  "diff",
  "log",
  "verify",
  "convert",
  "dmar",
  "save",
];

describe("usage", () => {
  test.each(commands)("[CL9] %s --help describes it and gives an example", async (command) => {
    const { code, out, err } = await run(command, "--help");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`Usage: shadowfold ${command}`);
    expect(out).toContain(`Example:\n  shadowfold ${command} `);
  });

  test("[CL9] --help names every command", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
  });

  test.each([
    [["dream"]],
    [["replay"]],
    [["translate", edu]],
    [["translate", edu, "--device", "zz", "--iova", "0x0"]],
    [["translate", edu, "--device", "00:04.0", "--iova", "0x10000000000000000"]],
    [["state", edu, "--at", "-1"]],
    [["log", edu, "--type", "Dream"]],
    [["log", edu, "--type", ","]],
    [["stat"]],
  ])("[CL10] %j is bad usage", async (words) => {
    const { code, out, err } = await run(...words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^error: .*\n$/);
    expect(err).not.toContain("    at ");
  });
});

test("[CL10] of a long argument the beginning is repeated", async () => {
  const long = "x".repeat(5000);
  for (const words of [[long], ["state", edu, "--at", long], ["log", edu, "--type", long]]) {
    const { code, err } = await run(...words);
    expect([code, err.length < 300, err.includes("xxx...")]).toEqual([2, true, true]);
  }
});

describe("bad input", () => {
  const missing = join(folder, "none");
  test.each([
    [["replay", missing]],
    [["state", missing]],
    [["log", missing]],
    [["verify", missing]],
    [["diff", missing, "--from", "1", "--to", "2"]],
    [["convert", missing, join(folder, "out")]],
    [["translate", missing, "--device", "00:04.0", "--iova", "0"]],
    [["why", missing, "--device", "00:04.0", "--iova", "0"]],
  ])("[CL11] a missing file is one line: %j", async (words) => {
    const { code, out, err } = await run(...words);
    expect([code, out, err]).toEqual([2, "", `${missing}: no such file or directory\n`]);
  });

  test("[CL12] everything before a bad line is reported", async () => {
    const lines = gunzipSync(readFileSync(edu)).toString("utf8").split("\n");
    const file = fileOf("bad", `${lines.slice(0, 1001).join("\n")}\n{"dream":1}\n`);
    const { code, out, err } = await run("replay", file, "--json");
    expect(code).toBe(2);
    expect(err).toBe(`${file}:1002: unknown line of a recording: "dream"\n`);
    expect(JSON.parse(out)).toMatchObject({ inputs: 1000, error: err.trim() });
  });

  test("[CL12] a recording cut short is reported up to there", async () => {
    const whole = readFileSync(edu);
    const file = fileOf("cut.gz", whole.subarray(0, whole.length >> 1));
    const { code, out, err } = await run("replay", file, "--json");
    expect(code).toBe(2);
    expect(err).toMatch(/cut\.gz:\d+: gzip cut short\n$/);
    expect(JSON.parse(out).inputs).toBeGreaterThan(1000);
  });

  test("[CL12] state, diff and translate show what there is before an error", async () => {
    const lines = gunzipSync(readFileSync(edu)).toString("utf8").split("\n");
    const file = fileOf("short", `${lines.slice(0, 201).join("\n")}\n{"dream":1}\n`);
    const failure = `${file}:202: unknown line of a recording: "dream"\n`;
    const far = "50000";
    const state = await run("state", file, "--at", far, "--json");
    expect([state.code, state.err]).toEqual([2, failure]);
    const { at } = JSON.parse(state.out);
    expect(at).toBeGreaterThan(200);
    const diff = await run("diff", file, "--from", "10", "--to", far, "--json");
    expect([diff.code, diff.err, JSON.parse(diff.out).to]).toEqual([2, failure, at]);
    const beyond = await run("diff", file, "--from", far, "--to", far);
    expect([beyond.code, beyond.out, beyond.err]).toEqual([2, "", failure]);
    const walk = await run("translate", file, "--device", "00:04.0", "--iova", "0", "--at", far);
    expect([walk.code, walk.err]).toEqual([2, failure]);
    expect((await run("state", file, "--at", at.toString())).code).toBe(0);
  });

  test("[CL13] contradicting capabilities are one line", async () => {
    const file = fileOf("caps", '{"recording":1,"ver":"0x10","cap":"0x0","ecap":"0x0"}\n');
    const { code, err } = await run("replay", file);
    expect([code, err]).toEqual([2, expect.stringMatching(/^.*caps:1: CAP\..*\n$/)]);
  });

  test("[CL15] an event, a guest and a device that do not exist", async () => {
    const at = await run("state", edu, "--at", "999999999");
    expect([at.code, at.err]).toEqual([2, expect.stringContaining("there is no event 999999999")]);
    const guest = await run("state", edu, "--guest", "3");
    expect([guest.code, guest.err]).toEqual([2, expect.stringContaining("there is no guest 3")]);
    const device = await run("translate", edu, "--device", "00:05.0", "--iova", "0x0");
    expect([device.code, device.err]).toEqual([2, expect.stringContaining("assigned: 00:04.0")]);
  });

  test.each([
    [["--from", "999999"], "there is no event 999999; the last one is 24148"],
    [["--from", "9", "--to", "3"], "--from 9 is after --to 3"],
    [["--guest", "1"], "there is no guest 1; guests: 1"],
    [["--device", "00:05.0"], "there is no device 00:05.0 in these events"],
  ])("[CL15] log %j finds nothing to filter", async (words, reason) => {
    const { code, out, err } = await run("log", edu, ...words);
    expect([code, out, err.trimEnd().split("\n").length]).toEqual([2, "", 1]);
    expect(err).toContain(reason);
  });
});
