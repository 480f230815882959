import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedQemu } from "../qemu/test/installed.ts";
import { bundled } from "../target/test/built.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("vectors", afterAll);
const { qemu, why } = await installedQemu();
const example = bundled("target/example/viommu.ts", folder);
const files = join(folder, "files");
const legacy = join(files, "qemu-legacy.ndjson");
const check = (...words: readonly string[]) => run("vectors", "check", files, ...words);
const right = `module:${example}`;

beforeAll(async () => {
  const { code, err } = await run("vectors", "--profile", "qemu-legacy", "-o", files);
  expect([code, err]).toEqual([0, ""]);
}, 120_000);

describe("vectors check", () => {
  it("[VC7] a target that is right passes what is for it, and says what is not", async () => {
    const { code, out } = await check("--against", right, "--json");
    const { verdicts, cases, target } = JSON.parse(out);
    expect([code, target]).toEqual([0, example]);
    expect(Object.keys(verdicts).toSorted()).toEqual(
      ["not asked", "other unit", "passed"].filter((each) => each in verdicts),
    );
    expect(verdicts.passed).toBeGreaterThan(20);
    expect(verdicts["not asked"]).toBeGreaterThan(3);
    const asked = cases.find(({ verdict }: { verdict: string }) => verdict === "not asked");
    expect(asked.text).toMatch(/^it needs interrupts/);
  });

  it("[VC7] a bug fails a case, which is told with its rules, and alone as a story", async () => {
    const text = readFileSync(example, "utf8");
    const buggy = fileOf("buggy.mjs", `${text}\nexport default () => makeViommu(4);\n`);
    const { code, out } = await check("--against", `module:${buggy}`);
    expect(code).toBe(1);
    const [, id = ""] = /^(\S+) \((?:\w+, )*\w+\): .*\n {4}register: /m.exec(out) ?? [];
    const alone = await check("--against", `module:${buggy}`, "--case", id);
    expect(alone.code).toBe(1);
    expect(alone.out).toMatch(/ 1\. .*\n(.*\n)*\nThen .* differs from the model: register: /);
  });

  it("[VC7] where no case is for the unit the exit code is 3", async () => {
    const [head = "", ...cases] = readFileSync(legacy, "utf8").split("\n");
    const only = cases.filter((line) => line.includes('"needs":["interrupts"]')).slice(0, 1);
    const file = fileOf(
      "interrupts.ndjson",
      [head.replace(/"cases":\d+/, '"cases":1'), ...only].join("\n"),
    );
    const { code, out } = await run("vectors", "check", file, "--against", right);
    expect([code, out]).toEqual([3, expect.stringMatching(/Not asked +1\n/)]);
  });

  it("[VC10] what cannot be is one line", async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [["vectors"], /^-o DIR is missing/],
      [
        ["vectors", "-o", files, "--profile", "dream"],
        /^--profile dream: not one of the model's: /,
      ],
      [["vectors", "-o", join(legacy, "x")], /: a part of the path is not a directory$/],
      [["vectors", "-o", legacy], /\.ndjson: is a file, not a folder$/],
      [["vectors", "-o", ""], /^'': expected the name of a folder$/],
      [["vectors", "--profile", "", "-o", files], /^--profile '': not one of the model's: /],
      [["vectors", "check", ""], /^'': no such file or directory$/],
      [["vectors", "check", fileOf("empty.ndjson", "")], /empty\.ndjson:1: is empty$/],
      [["vectors", "check", join(folder, "none")], /: no such file or directory$/],
      [["vectors", "check", join(files, "qemu-legacy.qtest")], /: there are no vectors here /],
      [["vectors", "check", files, "--against", right, "--case", "x"], /^--case x: no file has /],
    ];
    for (const [words, text] of wrong) {
      const { code, out, err } = await run(...words);
      expect([words, code, out, err.trimEnd()]).toEqual([
        words,
        2,
        "",
        expect.stringMatching(text),
      ]);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
    }
  });

  it("[VC11] files that are there stay, unless they are to be replaced", async () => {
    const before = readFileSync(legacy, "utf8");
    writeFileSync(legacy, "mine\n");
    const words = ["vectors", "--profile", "qemu-legacy", "-o", files];
    const kept = await run(...words);
    expect([kept.code, kept.out]).toEqual([2, ""]);
    expect(kept.err).toBe(`${legacy}: is there already; --force replaces it\n`);
    expect(readFileSync(legacy, "utf8")).toBe("mine\n");
    const stray = join(files, "qemu-legacy.qtest", "of-an-older-version.qtest");
    writeFileSync(stray, "");
    expect((await run(...words, "--force")).code).toBe(0);
    expect([readFileSync(legacy, "utf8"), existsSync(stray)]).toEqual([before, false]);
    expect(readdirSync(files).toSorted()).toEqual(["qemu-legacy.ndjson", "qemu-legacy.qtest"]);
  });

  it("[VC11] ended early leaves whole files alone, and says which", async () => {
    const out = join(folder, "stopped");
    const running = run("vectors", "-o", out);
    const first = join(out, "qemu-legacy.ndjson");
    for (let left = 2000; left > 0 && !existsSync(first); left--) await wait(10);
    process.emit("SIGINT", "SIGINT");
    const { code, out: told } = await running;
    expect([code, told]).toEqual([130, expect.stringContaining("nothing is written of ")]);
    const [, missing = ""] = /nothing is written of (.*)\.\n$/.exec(told) ?? [];
    expect(missing).toContain("everything-scalable");
    const names = readdirSync(out);
    expect(names.filter((name) => missing.split(", ").includes(name.split(".")[0] ?? ""))).toEqual(
      [],
    );
    expect(names.every((name) => told.includes(name) || name.endsWith(".qtest"))).toBe(true);
    expect((await run("vectors", "check", first, "--against", right)).code).toBe(0);
  });

  it("[VC11] a folder that nobody can make is one line", async () => {
    const { code, err } = await run("vectors", "-o", "/proc/shadowfold/vectors");
    expect([code, err]).toEqual([2, "/proc/shadowfold: no such file or directory\n"]);
  });

  it("[VC10] a file that was changed is refused by file and line", async () => {
    const changed = readFileSync(legacy, "utf8").replace('"offset":128,', '"offset":136,');
    const file = fileOf("moved.ndjson", changed);
    const line = changed.split("\n").findIndex((each) => each.includes('"offset":136,')) + 1;
    const words = ["vectors", "check", file, "--profile", "qemu-legacy", "--against", right];
    const { code, err } = await run(...words);
    expect([code, err.startsWith(`${file}:${line.toString()}: `)]).toEqual([2, true]);
  });

  it("[VC10] a file whose answers are not the model's is refused by case", async () => {
    const text = readFileSync(legacy, "utf8");
    const changed = text.replace(/"about":"GSTS","expect":\{"bytes":"\w{8}"/g, (of) =>
      of.replace(/"bytes":"\w{2}/, '"bytes":"01'),
    );
    expect(changed).not.toBe(text);
    const file = fileOf("changed.ndjson", changed);
    const words = ["qemu-legacy", "--against", right];
    const { code, err } = await run("vectors", "check", file, "--profile", ...words);
    expect([code, err]).toEqual([2, expect.stringMatching(/write the files anew\n$/)]);
  });
});

describe("QEMU", () => {
  it.skipIf(qemu === undefined)(
    `[VC9] shows nothing that is not explained${why}`,
    { timeout: 300_000 },
    async () => {
      const { code, out } = await check("--qemu", qemu?.path ?? "", "--json");
      const { verdicts, deviations } = JSON.parse(out);
      expect([code, verdicts.failed]).toEqual([0, undefined]);
      expect(verdicts.passed).toBeGreaterThan(10);
      expect(Object.keys(deviations).length).toBeGreaterThan(3);
    },
  );

  const scripts = join(files, "qemu-legacy.qtest");
  it.skipIf(qemu === undefined)(
    `[VC8] alone answers a script as it should${why}`,
    { timeout: 300_000 },
    async () => {
      const ids = readdirSync(scripts).flatMap((name) => /^(.*)\.qtest$/.exec(name)?.[1] ?? []);
      expect(ids.length).toBeGreaterThan(30);
      for (const id of ids) expect(existsSync(join(scripts, `${id}.answers`))).toBe(true);
      const { out } = await check("--qemu", qemu?.path ?? "", "--json");
      const passed = new Set<string>(
        JSON.parse(out)
          .cases.filter(({ verdict }: { verdict: string }) => verdict === "passed")
          .map(({ id }: { id: string }) => id),
      );
      const [one = "", two = ""] = ids.filter((id) => passed.has(id));
      const env = { ...process.env, QEMU: qemu?.path ?? "" };
      const play = (...words: readonly string[]) =>
        spawnSync(join(scripts, "play.sh"), words, { env, encoding: "utf8" });
      expect(play(one, two).stdout).toBe(`${one}: passed\n${two}: passed\n`);
      const answers = join(scripts, `${one}.answers`);
      writeFileSync(answers, readFileSync(answers, "utf8").replace(/OK 0x\w*$/m, "OK 0xbad"));
      const { status, stdout } = play(one);
      expect([status, stdout]).toEqual([1, expect.stringMatching(/: differs\n.*\n< OK 0xbad\n/)]);
    },
  );
});
