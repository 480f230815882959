import { lstatSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import pc from "picocolors";
import { afterAll, describe, expect, test } from "vitest";
import { runProgram } from "./program.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";
import { openWriter } from "./write.ts";

const { folder, fileOf } = scratch("write", afterAll);

const edu = gunzipSync(readFileSync(recordingPath("linux-vfio-edu"))).toString("utf8");
const short = `${edu.split("\n").slice(0, 40).join("\n")}\n`;
const leftovers = () => readdirSync(folder).filter((name) => name.endsWith(".part"));

describe("a file that a command writes", () => {
  test("[CL70] is not written over another, unless that is asked for", async () => {
    const [from, out] = [fileOf("short.jsonl", short), fileOf("kept.ndjson", "mine\n")];
    const refused = await run("convert", from, out);
    const says = `${out}: is there already; --force replaces it\n`;
    expect(refused).toEqual({ code: 2, out: "", err: says });
    expect(readFileSync(out, "utf8")).toBe("mine\n");
    expect((await run("convert", from, out, "--force")).code).toBe(0);
    expect(readFileSync(out, "utf8")).toMatch(/^\{"shadowfold"/);
    const others = [
      ["save", from],
      ["dmar", "build", "--log", from],
      ["record", "--demo", "nvme", "-o"],
    ];
    for (const words of others) expect((await run(...words, out)).err).toBe(says);
    expect(leftovers()).toEqual([]);
  });

  test("[CL70] is asked for on a terminal", async () => {
    const from = fileOf("short.jsonl", short);
    const answered = async (answer: boolean): Promise<string> => {
      const out = fileOf("asked.ndjson", "mine\n");
      const questions: string[] = [];
      await runProgram(["convert", from, out], {
        out: () => undefined,
        err: () => undefined,
        colours: pc.createColors(false),
        drawsProgress: false,
        confirm: async (question) => {
          questions.push(question);
          return answer;
        },
      });
      expect(questions).toEqual([`${out} is there already. Replace it?`]);
      return readFileSync(out, "utf8");
    };
    expect(await answered(false)).toBe("mine\n");
    expect(await answered(true)).not.toBe("mine\n");
  });

  test("[CL70] may be a device or a link, which stay what they are", async () => {
    const from = fileOf("short.jsonl", short);
    expect(await run("convert", from, "/dev/null")).toEqual({ code: 0, out: "", err: "" });
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
    const named = fileOf("named.ndjson", "");
    const link = join(folder, "link.ndjson");
    symlinkSync(named, link);
    expect((await run("convert", from, link, "--force")).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(named, "utf8")).toMatch(/^\{"shadowfold"/);
  });

  test("[CL71] has its name once it is whole, and not before", async () => {
    const out = fileOf("whole.ndjson", "before\n");
    const writer = openWriter(out);
    await writer.line("x".repeat(200_000));
    expect(readFileSync(out, "utf8")).toBe("before\n");
    expect(leftovers()).toHaveLength(1);
    await writer.close();
    expect([readFileSync(out).length, leftovers()]).toEqual([200_001, []]);
  });

  test("[CL71] that is given up leaves what was there, and nothing else", async () => {
    const out = fileOf("given-up.ndjson", "before\n");
    const writer = openWriter(out);
    await writer.line("x".repeat(200_000));
    writer.abandon();
    expect([readFileSync(out, "utf8"), leftovers()]).toEqual(["before\n", []]);
  });

  test("[CL71] of a bad input has everything before it, and says so", async () => {
    const from = fileOf("bad.jsonl", `${short}nonsense\n`);
    const out = join(folder, "bad.ndjson");
    const { code, err } = await run("convert", from, out);
    expect([code, err]).toEqual([2, expect.stringContaining(`; ${out} has everything before it`)]);
    expect((await run("verify", out)).code).toBe(0);
    const piped = await run("convert", from, "-", "--facts", "none");
    expect(piped.err).toContain("; everything before it was written");
  });
});
