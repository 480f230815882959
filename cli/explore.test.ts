import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ring } from "../explore/configuration/ring.ts";
import { configurations } from "../explore/configurations.ts";
import type { Configuration } from "../explore/engine/configuration.ts";
import { search } from "../explore/engine/search.ts";
import { findingOf } from "../explore/story/finding.ts";
import { storyLines } from "./render/explore.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("explore", afterAll);

describe("shadowfold explore", () => {
  it("[EX16] says how it ended, and by its exit code: 0 complete, 3 at a bound", async () => {
    const faults = ["explore", "--configuration", "faults"];
    const complete = await run(...faults);
    expect([complete.code, complete.err]).toEqual([0, ""]);
    expect(complete.out).toContain("complete: there is no other state");
    expect(complete.out).toMatch(/States +141, which stand for 1,311 by the names/);
    expect(complete.out).toMatch(/fault recording +3 of 3 +10 of 15/);
    const some = await run(...faults, "--states", "100");
    expect(some.code).toBe(3);
    expect(some.out).toContain("stopped at 100 states: there are more");
    const near = await run(...faults, "--depth", "2", "--no-symmetry", "--charts");
    expect(near.code).toBe(3);
    expect(near.out).toContain("stopped at depth 2: there are more states");
    expect(near.out).toMatch(/fault recording +empty +Fault +pending +\d+/);
  });

  it("[EX16] prints one object for programs", async () => {
    const { code, out } = await run("explore", "--configuration", "faults", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ...{ configuration: "faults", complete: true, ending: "complete", states: 141 },
      ...{ orbits: 1311, transitions: 993, laws: ["EV9", "RG2", "RG3"] },
    });
  });

  it("[EX16] lists the configurations", async () => {
    const { code, out } = await run("explore", "--list");
    expect(code).toBe(0);
    const rows = configurations.map(({ name, question }) => `${name.padEnd(13)}  ${question}`);
    expect(out.split("\n").filter((line) => rows.includes(line.trimEnd()))).toEqual(rows);
    const { out: json } = await run("explore", "--list", "--json");
    expect(JSON.parse(json)).toHaveLength(configurations.length);
  });

  it.each([
    ["a configuration that is none", ["--configuration", "none"], "Expected one of revoke,"],
    ["no states", ["--states", "0"], "Expected 1 to 200000000."],
    ["too many states", ["--states", "200000001"], "Expected 1 to 200000000."],
    ["a depth that is none", ["--depth", "deep"], "Expected a whole number from 0."],
    ["no threads", ["--threads", "0"], "Expected 1 to 64."],
    ["a folder that is none", ["--out", "none/such/file"], "none/such: no such file or directory"],
  ])("[EX17] refuses %s in one line", async (_, words, text) => {
    const { code, out, err } = await run("explore", ...words);
    expect([code, out, err.trimEnd().split("\n").length]).toEqual([2, "", 1]);
    expect(err).toContain(text);
  });
});

/** The ring, with a judge that finds nothing right once a descriptor was fetched. */
const broken = {
  ...ring,
  judge: (ghost, steps, world, count) => {
    const facts = steps.flatMap((step) => step.facts);
    const isFetched = facts.some(({ type }) => type === "DescriptorFetched");
    return {
      ...ring.judge(ghost as never, steps, world, count),
      wrong: isFetched ? "no" : undefined,
    };
  },
} as Configuration as unknown as Configuration;

describe("a counterexample", () => {
  const outcome = search(broken, { states: 500, depth: 9, symmetric: true });
  const finding = findingOf(outcome);

  it("[EX18] is told move by move, and saved as a log that can be verified", async () => {
    expect(outcome.ending).toBe("wrong");
    expect(finding).toMatchObject({ law: "question", text: "no" });
    expect(finding?.moves).toHaveLength(1);
    const lines = finding === undefined ? [] : storyLines(finding);
    expect(lines[0]).toMatch(/^ {3}1\. The driver moves the tail to slot \d+\.$/);
    expect(lines.slice(1, 4)).toEqual(["", "Then no.", "From the last move follows:"]);
    expect(lines.slice(4).join("\n")).toContain("DescriptorFetched");
    const file = fileOf("found.ndjson", finding?.log ?? "");
    const { code, out } = await run("verify", file);
    expect([code, out.includes("differ")]).toEqual([0, false]);
    const log = await run("log", file, "--type", "Note");
    expect(log.out).toContain("moves the tail to slot");
    expect(existsSync(join(folder, "found.ndjson"))).toBe(true);
    expect(readFileSync(file, "utf8").split("\n").length).toBeGreaterThan(10);
  });
});
