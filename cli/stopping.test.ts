import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, it, vi } from "vitest";
import { profiles } from "../events/profile/profiles.ts";
import { bundled } from "../target/test/built.ts";
import { encodeVectors } from "../vectors/format.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("stopping", afterAll);
const served = bundled("target/test/serve.ts", folder);
const example = bundled("target/example/viommu.ts", folder);
const out = ["--out", join(folder, "found")];

/** Waits for something that is about to be. */
async function until(isSo: () => boolean): Promise<void> {
  for (let left = 200; left > 0 && !isSo(); left--) await wait(20);
  expect(isSo()).toBe(true);
}

/** What a Ctrl-C comes to: how the run ends, and how many seconds after it. */
async function interrupted(words: readonly string[], isTime: () => boolean) {
  const running = run(...words);
  await until(isTime);
  const start = performance.now();
  process.emit("SIGINT", "SIGINT");
  return { ...(await running), seconds: (performance.now() - start) / 1000 };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const written = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** A program that writes its process id to a file and says nothing to anybody. */
function silent(name: string) {
  const file = join(folder, name);
  const pids = (): readonly number[] => written(file).trim().split("\n").map(Number);
  const isThere = (): boolean => written(file).endsWith("\n");
  return { words: ["--against", `stdio:echo $$ >> ${file}; exec sleep 60`], pids, isThere };
}

const slow = ["--timeout", "50s"];

describe("Ctrl-C", () => {
  it("[TG17] ends random programs on a module with a report", async () => {
    const file = join(folder, "reached");
    const mark = `process.getBuiltinModule("fs").appendFileSync("${file}", ".");`;
    const source = readFileSync(example, "utf8");
    const text = source.replace(/reset: \(\w+\) => \{/, (found) => `${found} ${mark}`);
    expect(text).not.toBe(source);
    const against = `module:${fileOf("marking.mjs", text)}#makeViommu`;
    const isRunning = (): boolean => written(file).length > 6;
    const ended = await interrupted(["fuzz", "--against", against, ...out, "--json"], isRunning);
    expect(ended.seconds).toBeLessThan(5);
    const { isStopped, programs, finding } = JSON.parse(ended.out);
    expect([ended.code, isStopped, programs > 0, finding]).toEqual([130, true, true, undefined]);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  it("[TG17] ends a module that does not come to an end of loading", async () => {
    const file = join(folder, "loading");
    const text = `process.getBuiltinModule("fs").writeFileSync("${file}", "."); for (;;);`;
    const words = ["--against", `module:${fileOf("loading.mjs", text)}`, ...slow, ...out];
    const ended = await interrupted(["fuzz", ...words], () => written(file) !== "");
    expect([ended.code, ended.err, ended.seconds < 5]).toEqual([130, "", true]);
    expect(ended.out).toContain("0 a minute, ended early");
  });

  it("[TG17] ends a program that is silent, and what it has started", async () => {
    const { words, pids, isThere } = silent("fuzzed");
    const ended = await interrupted(["fuzz", ...words, ...slow, ...out], isThere);
    expect([ended.code, ended.err, ended.seconds < 5]).toEqual([130, "", true]);
    expect(ended.out).toMatch(/Programs +0, 0 a minute, ended early/);
    expect(pids().filter(isAlive)).toEqual([]);
  });

  it("[TG17] while vectors are checked tells of those that were", async () => {
    const { words, pids, isThere } = silent("checked");
    const file = fileOf("none.ndjson", encodeVectors(profiles["xen-vvtd"], []));
    const ended = await interrupted(["vectors", "check", file, ...words, ...slow], isThere);
    expect([ended.code, ended.err, ended.seconds < 5]).toEqual([130, "", true]);
    expect(ended.out).toMatch(/Cases +0, ended early/);
    expect(pids().filter(isAlive)).toEqual([]);
  });

  it("[TG17] while a finding is made small saves it as it is by then", async () => {
    const file = join(folder, "hanging");
    const command = `echo $$ >> ${file}; exec ${process.execPath} ${served} hang`;
    // The two that run programs, and the one that the finding is tried on.
    const isShrinking = (): boolean => written(file).split("\n").length > 3;
    const words = ["--against", `stdio:${command}`, "--timeout", "1s", "--seed", "2"];
    const ended = await interrupted(["fuzz", ...words, ...out], isShrinking);
    expect([ended.code, ended.err, ended.seconds < 5]).toEqual([1, "", true]);
    expect(ended.out).toMatch(/ does not answer dma for 1 s\.\n/);
    expect(ended.out).toMatch(/Shrinking stopped when it was ended, .*found\.ndjson goes on/);
    expect(existsSync(join(folder, "found.ndjson"))).toBe(true);
    expect(written(file).trim().split("\n").map(Number).filter(isAlive)).toEqual([]);
  });

  it("[TG17] a second one ends at once", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);
    const { words, isThere } = silent("twice");
    const running = run("fuzz", ...words, ...slow, ...out);
    await until(isThere);
    process.emit("SIGINT", "SIGINT");
    expect(exit).not.toHaveBeenCalled();
    process.emit("SIGINT", "SIGINT");
    expect(exit).toHaveBeenCalledWith(130);
    exit.mockRestore();
    await running;
  });
});
