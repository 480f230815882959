import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bundled } from "../target/test/built.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("target", afterAll);
const served = `stdio:${process.execPath} ${bundled("target/test/serve.ts", folder)}`;
const example = bundled("target/example/viommu.ts", folder);
const prefix = join(folder, "found");
const few = ["--runs", "3", "--seed", "2", "--out", prefix, "--timeout", "2s"];
const fuzz = (against: string, ...words: readonly string[]) =>
  run("fuzz", "--against", against, ...few, ...words);

/** What a target does wrong at a DMA, and how that is told. */
const mishaps: readonly (readonly [string, RegExp])[] = [
  // As long as it was given, though shrinking gives it less.
  ["hang", /: does not answer dma for 2 s$/],
  ["colour", /: its answer to dma is an error: \\u001b\[31mred\\u009b$/],
  ["die", /: ended \(exit code 3\): assertion failed: dma$/],
  ["turn", /: answers request \d+ where \d+ \(dma\) is next$/],
  ["noise", /: prints what is no JSON object: translating …$/],
  ["error", /: its answer to dma is an error: not written yet$/],
  ["field", /: its answer to dma has the unknown field "speed"$/],
  ["value", /: its answer to dma has a wrong at: it has to be a number of 64 bits, not "soon"$/],
];

describe("a target that misbehaves", () => {
  it.each(mishaps)("[TG4] by %s is found, named, made small and saved", async (mode, text) => {
    const { code, out, err } = await fuzz(`${served} ${mode}`, "--json");
    expect([mode, code, err]).toEqual([mode, 1, ""]);
    const { finding } = JSON.parse(out);
    expect(finding.text).toMatch(text);
    expect(finding.text.split("\n")).toHaveLength(1);
    expect([finding.again, finding.operations]).toEqual([true, 1]);
    const lines = readFileSync(finding.requests, "utf8").trimEnd().split("\n");
    expect(JSON.parse(lines.at(-2) ?? "").op).toBe("dma");
    expect(existsSync(finding.log)).toBe(true);
  });

  it("[TG4] and does not start again is told by what it did", async () => {
    const mark = join(folder, "mark");
    const once = `stdio:test ! -e ${mark} && ${served.slice("stdio:".length)} die ${mark}`;
    const { code, out, err } = await fuzz(once, "--json");
    expect([code, err]).toEqual([1, ""]);
    const { finding } = JSON.parse(out);
    expect([finding.again, finding.text]).toEqual([false, expect.stringMatching(/exit code 3\)/)]);
  });

  it("[TG4] in a program of a seed is found again by beginning with it", async () => {
    const { code, out } = await fuzz(`${served} die`, "--json", "--first", "2", "--runs", "1");
    const { finding, programs } = JSON.parse(out);
    expect([code, programs, finding.index]).toEqual([1, 1, 2]);
  });

  it("[TG4] is told as a story", async () => {
    const { code, out } = await fuzz(`${served} die`);
    expect(code).toBe(1);
    expect(out).toMatch(/ 1\. Device \S+ (reads|writes) .*\n\nThen .* ended \(exit code 3\)/);
  });

  const lies: readonly (readonly [string, RegExp])[] = [
    ["version", /: speaks version 7 of the protocol, not 1$/],
    ["capability", /: shows CAP 0x\w+ where it has to be 0x\w+$/],
    ["ability", /: says that it can do pasid, and its ECAP says that it cannot$/],
    ["unit", /: is a unit that cannot be: /],
    ["short", /: its answer to readRegisters has 1 bytes, not \d+$/],
  ];
  it.each(lies)("[TG5] by lying about its %s is refused in one line", async (mode, text) => {
    const { code, out, err } = await fuzz(`${served} ${mode}`);
    expect([mode, code, out]).toEqual([mode, 2, ""]);
    expect(err.trimEnd()).toMatch(text);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});

it("[TG5] a program that echoes is told so, and one that leaves out ids", async () => {
  const echo = await fuzz("stdio:cat");
  expect([echo.code, echo.err]).toEqual([
    2,
    "cat: prints the requests that it is sent instead of answers\n",
  ]);
  const silent = await fuzz("stdio:while read line; do echo '{}'; done");
  expect([silent.code, silent.err]).toEqual([
    2,
    expect.stringMatching(/: answers without an id where 1 \(hello\) is next\n$/),
  ]);
});

describe("what cannot be asked of fuzz", () => {
  it("[TG10] is one line and exit code 2", async () => {
    const none = fileOf("none.mjs", "export default 3;\n");
    const odd = fileOf("odd.mjs", 'import "nowhere";\n');
    const wrong: readonly (readonly [RegExp, ...string[]])[] = [
      [/--qemu: is about QEMU alone/, "--qemu", "qemu"],
      [
        /--profile legacy: not one that a target can be given: qemu-legacy, /,
        "--profile",
        "legacy",
      ],
      // No target has extended contexts.
      [/--profile hardware-2016-ecs: not one that/, "--profile", "hardware-2016-ecs"],
      [/a version is of QEMU/, "--deviations", "10.0"],
      [/exports no list of deviations/, "--deviations", none],
      [
        /--deviations \S+missing\.mjs: no such file or directory$/,
        ...["--deviations", join(folder, "missing.mjs")],
      ],
      [/odd\.mjs: cannot be loaded: Cannot find package 'nowhere'$/, "--deviations", odd],
      [/Nothing is known of versions after \d\d\./, "--deviations", "99"],
      [/^--profile '': not one/, "--profile", ""],
      [/^--out '': expected what file names begin with$/, "--out", ""],
      [/^--out d\/: expected what file names begin with$/, "--out", "d/"],
      [/^'': no such file or directory$/, "--log", ""],
    ];
    for (const [message, ...words] of wrong) {
      const { code, out, err } = await fuzz(`${served} capability`, ...words);
      expect([words, code, out]).toEqual([words, 2, ""]);
      expect(err.trimEnd()).toMatch(message);
      expect(err.trimEnd().split("\n")).toHaveLength(1);
    }
  });

  it("[TG10] and no seed is told before something ran", async () => {
    const { code, err } = await run("fuzz", "--against", `${served} version`, "--out", prefix);
    expect([code, err]).toEqual([2, expect.stringMatching(/^[^\n]*speaks version 7[^\n]*\n$/)]);
    const ran = await run("fuzz", "--against", `module:${example}`, "--runs", "1", "--out", prefix);
    expect([ran.code, ran.err]).toEqual([0, expect.stringMatching(/^seed \d+\n$/)]);
  });

  it("[TG10] a time-out is not one of QEMU", async () => {
    const { code, err } = await run("fuzz", "--timeout", "2s");
    expect([code, err]).toEqual([2, "--timeout: is about stdio and module alone\n"]);
  });

  it("[TG10] a profile of the model's is what the unit is made with", async () => {
    const { code, out } = await fuzz(`module:${example}`, "--profile", "qemu-legacy", "--json");
    const { profile, finding } = JSON.parse(out);
    // The example has four fault records, and the profile has one.
    expect([code, profile]).toEqual([1, "qemu-legacy"]);
    expect(finding.text).toMatch(/^register: /);
  });
});
