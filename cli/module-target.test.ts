import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bundled } from "../target/test/built.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("module", afterAll);
const example = bundled("target/example/viommu.ts", folder);
const prefix = join(folder, "found");
const few = ["--runs", "3", "--seed", "2", "--out", prefix, "--timeout", "2s"];
/** Since Node 22.18 it loads TypeScript by itself. */
const isTypeScriptLoaded =
  "typescript" in process.features && process.features.typescript !== false;
const fuzz = (against: string, ...words: readonly string[]) =>
  run("fuzz", "--against", against, ...few, ...words);

describe("a module", () => {
  const hanging = `export default () => ({
    name: "still", ver: 0x10n, cap: 0xd2038c226f0686n, ecap: 0xfc3n,
    reset: () => ({}), readRegisters: () => { for (;;); },
  });\n`;
  const silent = hanging.replace("() => { for (;;); }", "() => new Promise(() => undefined)");
  const wrong: readonly (readonly [RegExp, string])[] = [
    [/: does not answer readRegisters for 2 s$/, fileOf("hanging.mjs", hanging)],
    [/: does not answer readRegisters for 2 s$/, fileOf("silent.mjs", silent)],
    [/: no such file$/, join(folder, "missing.mjs")],
    [/: exports nothing that makes a target$/, fileOf("empty.mjs", "export const one = 1;\n")],
    [/: went wrong$/, fileOf("throws.mjs", 'throw new Error("went wrong");\n')],
    [/: there is no method reset$/, fileOf("bare.mjs", hanging.replace(/reset: .*/, ""))],
    [/: ended \(exit code 4\)$/, fileOf("exits.mjs", "process.exit(4);\n")],
    [/: is a directory, not a module$/, folder],
    [/: \\u001b\[31mred$/, fileOf("red.mjs", 'throw new Error("\\u001b[31mred");\n')],
  ];
  it.each(wrong)("[TG5] that cannot be used is one line: %s", async (text, path) => {
    const { code, out, err } = await fuzz(`module:${path}`);
    expect([code, out, err.trimEnd().split("\n").length]).toEqual([2, "", 1]);
    expect(err.trimEnd()).toMatch(text);
  });

  it.skipIf(isTypeScriptLoaded)("[TG5] in TypeScript is told how to be bundled", async () => {
    const { code, err } = await fuzz(`module:${fileOf("some.ts", "export default 1;\n")}`);
    const hint =
      /: Node 20\.\d+\.\d+ loads no TypeScript: bundle it \(npx esbuild some\.ts .*\)\n$/;
    expect([code, err]).toEqual([2, expect.stringMatching(hint)]);
  });

  it("[TG6] is run in a thread of its own, and prints nothing into the report", async () => {
    const text = readFileSync(example, "utf8");
    const chatty = fileOf("chatty.mjs", `${text}\nconsole.log("loaded");\n`);
    const { code, out, err } = await fuzz(`module:${chatty}#makeViommu`, "--json");
    expect([code, err]).toEqual([0, ""]);
    const { target, name, programs, compared, finding } = JSON.parse(out);
    expect(name).toBe("the example in TypeScript");
    expect([target, programs, finding]).toEqual([`${chatty}#makeViommu`, 3, undefined]);
    expect(compared).toBeGreaterThan(100);
  });

  it("[TG6] a counterexample's log and requests show it again", async () => {
    const source = readFileSync(example, "utf8");
    const buggy = fileOf("buggy.mjs", `${source}\nexport default () => makeViommu(10);\n`);
    const { code, out } = await fuzz(`module:${buggy}`);
    expect(code).toBe(1);
    expect(out).toMatch(/The driver writes \w+ \(.*iqe.*\) to FSTS\.\n/);
    expect(out).toMatch(/differs from the model: register: (FSTS|IQH) .*\./);
    const saved = readFileSync(`${prefix}.ndjson`, "utf8");
    const again = await fuzz(`module:${buggy}`, "--log", `${prefix}.ndjson`, "--json");
    expect([again.code, JSON.parse(again.out).finding.text]).toEqual([
      1,
      expect.stringMatching(/register: (FSTS|IQH)/),
    ]);
    // What was saved stays, and may have been what was run.
    const { log } = JSON.parse(again.out).finding;
    expect([log, readFileSync(`${prefix}.ndjson`, "utf8")]).toEqual([`${prefix}-2.ndjson`, saved]);
    const right = await fuzz(`module:${example}`, "--log", `${prefix}.ndjson`);
    expect(right.code).toBe(0);
  });

  it("[TG6] a counterexample that cannot be saved is told all the same", async () => {
    const source = readFileSync(example, "utf8");
    const buggy = fileOf("unsaved.mjs", `${source}\nexport default () => makeViommu(10);\n`);
    const out = join(folder, "x".repeat(250));
    const told = await fuzz(`module:${buggy}`, "--out", out);
    expect([told.code, told.err]).toEqual([2, expect.stringContaining("name too long\n")]);
    expect(told.out).toMatch(/differs from the model: register: (FSTS|IQH) .*\./);
    expect(told.out).toContain("It could not be saved; the seed above shows it again.");
    const json = await fuzz(`module:${buggy}`, "--out", out, "--json");
    expect([json.code, JSON.parse(json.out).finding]).toMatchObject([
      2,
      { unsaved: expect.stringContaining("name too long") },
    ]);
  }, 60_000);

  it("[TG9] deviations that a module exports are passed by, and counted", async () => {
    const source = readFileSync(example, "utf8");
    const buggy = fileOf("known-bug.mjs", `${source}\nexport default () => makeViommu(6);\n`);
    const known = fileOf(
      "known.mjs",
      `const explains = ({ what, target }) =>
        what === "event" && target === "no message" ? "goOn" : undefined;
      export const deviations = [{ id: "event-lost", explains }];\n`,
    );
    const runs = ["--seed", "7", "--runs", "20", "--json"];
    expect((await fuzz(`module:${buggy}`, ...runs)).code).toBe(1);
    const { code, out } = await fuzz(`module:${buggy}`, ...runs, "--deviations", known);
    expect([code, JSON.parse(out).deviations["event-lost"] > 0]).toEqual([0, true]);
  });
});
