import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import pc from "picocolors";
import { afterAll, describe, expect, test, vi } from "vitest";
import { runProgram } from "./program.ts";
import { saveTexts } from "./save-texts.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";
import { openWriter } from "./write.ts";

const fullDisk = "what no disk has room for";
vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const writeFileSync: typeof real.writeFileSync = (file, text, options) => {
    real.writeFileSync(file, text, options);
    if (text === fullDisk) throw Object.assign(new Error("write"), { code: "ENOSPC" });
  };
  return { ...real, writeFileSync };
});

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

  test("[CL70] may be a pipe or a link, which stay what they are", async () => {
    const from = fileOf("short.jsonl", short);
    // A device would do as well, but a mistake here would replace it on this machine.
    const pipe = join(folder, "pipe.ndjson");
    execFileSync("mkfifo", [pipe]);
    const reader = readFile(pipe, "utf8");
    expect(await run("convert", from, pipe)).toEqual({ code: 0, out: "", err: "" });
    expect([await reader, lstatSync(pipe).isFIFO()]).toEqual([
      expect.stringMatching(/^\{"shadowfold"/),
      true,
    ]);
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
    const verified = await run("verify", out);
    expect([verified.code, verified.out]).toEqual([1, expect.stringContaining("has no end")]);
    expect(verified.out).toContain("decided again as recorded");
    const piped = await run("convert", from, "-", "--facts", "none");
    expect(piped.err).toContain("; everything before it was written");
  });

  test("[CL71] of several texts is whole or not there, and what is wrong is told", () => {
    const [first, long, last] = ["one", "x".repeat(260), "three"].map((name) => join(folder, name));
    const texts = { [first ?? ""]: "1", [long ?? ""]: "2", [last ?? ""]: "3" };
    expect(saveTexts(texts)?.message).toMatch(/x: name too long$/);
    expect(readFileSync(first ?? "", "utf8")).toBe("1");
    expect(existsSync(last ?? "")).toBe(false);
    expect(saveTexts({ [join(folder, "none/x")]: "1" })?.message).toContain("no such file");
    expect(saveTexts({ [last ?? ""]: fullDisk })?.message).toContain("no space left");
    expect([existsSync(last ?? ""), leftovers()]).toEqual([false, []]);
    expect([saveTexts({ [last ?? ""]: "3" }), leftovers()]).toEqual([undefined, []]);
  });
});
