import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import pc from "picocolors";
import { afterAll, describe, expect, test } from "vitest";
import { runProgram } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "shadowfold-program-"));
afterAll(() => rmSync(folder, { recursive: true }));

const recording = (name: string): string =>
  fileURLToPath(new URL(`../recordings/${name}.jsonl.gz`, import.meta.url));
const edu = recording("linux-vfio-edu");
const scalable = recording("linux-scalable-nvme");

/** Runs the program and collects what it says. */
async function run(...words: readonly string[]) {
  let [out, err] = ["", ""];
  const code = await runProgram(words, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    colours: pc.createColors(false),
    drawsProgress: false,
  });
  return { code, out, err };
}

/** A file in a folder of its own. */
function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const commands = ["replay", "translate", "why", "state", "diff", "log", "verify", "convert"];

describe("usage", () => {
  test.each(commands)("%s --help describes it and gives an example", async (command) => {
    const { code, out, err } = await run(command, "--help");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`Usage: shadowfold ${command}`);
    expect(out).toContain(`Example:\n  shadowfold ${command} `);
  });

  test("--help names every command", async () => {
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
  ])("%j is bad usage", async (words) => {
    const { code, out, err } = await run(...words);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^error: .*\n/);
    expect(err).not.toContain("    at ");
  });
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
  ])("a missing file is one line: %j", async (words) => {
    const { code, out, err } = await run(...words);
    expect([code, out, err]).toEqual([2, "", `${missing}: no such file or directory\n`]);
  });

  test("everything before a bad line is reported", async () => {
    const lines = gunzipSync(readFileSync(edu)).toString("utf8").split("\n");
    const file = fileOf("bad", `${lines.slice(0, 1001).join("\n")}\n{"dream":1}\n`);
    const { code, out, err } = await run("replay", file, "--json");
    expect(code).toBe(2);
    expect(err).toBe(`${file}:1002: unknown line of a recording: "dream"\n`);
    expect(JSON.parse(out)).toMatchObject({ inputs: 1000, error: err.trim() });
  });

  test("a recording cut short is reported up to there", async () => {
    const whole = readFileSync(edu);
    const file = fileOf("cut.gz", whole.subarray(0, whole.length >> 1));
    const { code, out, err } = await run("replay", file, "--json");
    expect(code).toBe(2);
    expect(err).toMatch(/cut\.gz:\d+: gzip cut short\n$/);
    expect(JSON.parse(out).inputs).toBeGreaterThan(1000);
  });

  test("contradicting capabilities are one line", async () => {
    const file = fileOf("caps", '{"recording":1,"ver":"0x10","cap":"0x0","ecap":"0x0"}\n');
    const { code, err } = await run("replay", file);
    expect([code, err]).toEqual([2, expect.stringMatching(/^.*caps:1: CAP\..*\n$/)]);
  });

  test("scalable mode is refused at the event that turns it on", async () => {
    const { code, out, err } = await run("replay", scalable, "--json");
    expect(code).toBe(2);
    expect(err).toMatch(/linux-scalable-nvme\.jsonl\.gz:\d+: event \d+: scalable mode.*\n$/);
    expect(JSON.parse(out).inputs).toBeGreaterThan(5);
  });

  test("an event, a guest and a device that do not exist", async () => {
    const at = await run("state", edu, "--at", "999999999");
    expect([at.code, at.err]).toEqual([2, expect.stringContaining("there is no event 999999999")]);
    const guest = await run("state", edu, "--guest", "3");
    expect([guest.code, guest.err]).toEqual([2, expect.stringContaining("there is no guest 3")]);
    const device = await run("translate", edu, "--device", "00:05.0", "--iova", "0x0");
    expect([device.code, device.err]).toEqual([2, expect.stringContaining("assigned: 00:04.0")]);
  });
});

describe("replay", () => {
  const none = { agree: 0, disagree: 0, unjudged: 0 };
  test.each([
    ["linux-legacy-nvme", 1538, 0],
    ["linux-vfio-edu", 574, 752],
  ])("every answer of %s agrees", async (name, dma, faults) => {
    const { code, out, err } = await run("replay", recording(name), "--json");
    expect([code, err]).toEqual([0, ""]);
    const report = JSON.parse(out);
    expect(report).toMatchObject({
      dma: { ...none, agree: dma },
      faults: { ...none, agree: faults },
      violations: [],
      disagreements: [],
    });
    expect(report.stateHash).toMatch(/^[0-9a-f]{16,}$/);
  });

  test("several files are an array, and a table for people", async () => {
    const { out } = await run("replay", edu, edu, "--json");
    expect(JSON.parse(out)).toHaveLength(2);
    const table = await run("replay", edu);
    expect(table.out).toContain("574 agree");
    expect(table.out).toContain("752 agree");
  });

  test("a recorded answer that is wrong makes exit code 1", async () => {
    const text = gunzipSync(readFileSync(edu)).toString("utf8");
    const wrong = text.replace('"gpa":"0x4747000"', '"gpa":"0x4748000"');
    const { code, out } = await run("replay", fileOf("wrong", wrong));
    expect(code).toBe(1);
    expect(out).toMatch(/recorded as landed at 0x4748000, but went to 0x4747000/);
  });
});

describe("looking", () => {
  const place = ["--device", "00:04.0", "--iova"] as const;

  test("why explains a read-only mapping", async () => {
    const { code, out } = await run("why", edu, ...place, "0x1806000");
    expect(code).toBe(0);
    expect(out).toContain("was blocked: fault 5h");
    expect(out).toContain("allows read only (R=1 W=0)");
    expect(out).toMatch(/announced by the invalidation\s+at\s+event \d+/);
  });

  test("why explains a DMA after the page was unmapped", async () => {
    const { code, out } = await run("why", edu, ...place, "0x29e03000", "--json");
    expect(code).toBe(0);
    const { dma, story, guest, shadow, agree } = JSON.parse(out);
    expect([dma.result, dma.reason, guest, shadow, agree]).toEqual([
      "blocked",
      6,
      { fault: 6 },
      { fault: 6 },
      true,
    ]);
    expect(story.join(" ")).toContain("maps nothing (R=0 W=0)");
    expect(story.join(" ")).toMatch(/until then it was 0x[0-9a-f]+/);
  });

  test("translate shows both walks at any event", async () => {
    const found = await run("log", edu, "--type", "DmaTranslated", "--json");
    const first = JSON.parse(found.out.split("\n", 1)[0] ?? "");
    const at = (first.cause - 1).toString();
    const { out } = await run("translate", edu, ...place, first.iova, "--at", at, "--json");
    const walk = JSON.parse(out);
    expect(walk).toMatchObject({ at: first.cause - 1, pending: null, agree: true });
    expect([walk.guest.gpa, walk.composed.hpa]).toEqual([first.gpa, first.hpa]);
    expect(walk.shadow).toEqual(walk.composed);
    expect(walk.steps.at(0)).toMatchObject({ table: "root" });
    expect(walk.steps.at(-1)).toMatchObject({ level: 1 });
    const later = await run("translate", edu, ...place, first.iova, "--at", at);
    expect(later.out).toContain("both agree");
  });

  test("state and diff show the same at the same events", async () => {
    const at = async (seq: number) =>
      JSON.parse((await run("state", edu, "--at", seq.toString(), "--json")).out);
    const [before, after] = [await at(300), await at(400)];
    expect([before.at, after.at]).toEqual([300, 400]);
    const { out } = await run("diff", edu, "--from", "300", "--to", "400", "--json");
    const { changes } = JSON.parse(out);
    expect(changes.length).toBeGreaterThan(0);
    for (const { table, key, from, to } of changes) {
      const rows = (guest: Record<string, unknown>) =>
        table === "" ? guest : (guest[table] as Record<string, unknown>);
      expect(rows(before.guests[0])[key] ?? null).toEqual(from);
      expect(rows(after.guests[0])[key] ?? null).toEqual(to);
    }
    expect((await run("diff", edu, "--from", "7", "--to", "7")).out).toBe("nothing differs\n");
    expect((await run("state", edu, "--at", "400")).out).toContain("state after event 400");
  });

  test("log filters by number, name and device", async () => {
    const { out } = await run("log", edu, "--from", "10", "--to", "20", "--json");
    const seqs = out.trimEnd().split("\n");
    expect(seqs.map((line) => JSON.parse(line).seq)).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ]);
    const blocked = await run("log", edu, "--type", "DmaBlocked", "--device", "00:04.0");
    expect(blocked.out.trimEnd().split("\n")).toHaveLength(752);
  });
});

describe("logs", () => {
  const log = join(folder, "edu.ndjson.gz");

  test("[LO2] a recording becomes a log that verifies and replays alike", async () => {
    expect(await run("convert", edu, log)).toEqual({ code: 0, out: "", err: "" });
    const verified = await run("verify", log, "--json");
    expect(JSON.parse(verified.out)).toMatchObject({ equal: true, difference: null });
    const hash = async (file: string) =>
      JSON.parse((await run("replay", file, "--json")).out).stateHash;
    expect(await hash(log)).toBe(await hash(edu));
    const plain = join(folder, "edu.ndjson");
    await run("convert", log, plain);
    expect(readFileSync(plain, "utf8")).toBe(gunzipSync(readFileSync(log)).toString("utf8"));
    const { code, err } = await run("convert", log, log);
    expect([code, err]).toEqual([2, `${log}: is the file that is being read\n`]);
  });

  test("verify names the first fact that differs", async () => {
    const lines = gunzipSync(readFileSync(log)).toString("utf8").split("\n");
    const at = lines.findIndex((line) => line.includes('"fact":"ShadowMapped"'));
    const seq = JSON.parse(lines[at] ?? "").seq;
    const changed = lines.with(at, (lines[at] ?? "").replace('"read":"ok"', '"read":"hole"'));
    const other = await run("verify", fileOf("changed", changed.join("\n")), "--json");
    expect(other.code).toBe(1);
    expect(JSON.parse(other.out).difference).toMatchObject({
      line: at + 1,
      seq,
      recorded: { read: "hole" },
      decided: { read: "ok" },
    });
    const missing = await run("verify", fileOf("less", lines.toSpliced(at, 1).join("\n")));
    expect([missing.code, missing.out]).toEqual([1, expect.stringContaining("differs")]);
    const inputsOnly = join(folder, "inputs");
    await run("convert", log, inputsOnly, "--facts", "none");
    const nothing = await run("verify", inputsOnly);
    expect([nothing.code, nothing.out]).toEqual([0, expect.stringContaining("no facts to verify")]);
    const none = await run("verify", edu);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("is a recording")]);
  });
});
