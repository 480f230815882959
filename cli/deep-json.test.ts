import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { deepestJson, parseJson } from "../events/json.ts";
import { bodyOf, recordOf } from "../projections/life/save-text.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("deep", afterAll);

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const named = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const deep = nested(10_000);
const words = '"ver":"0x10","cap":"0xd2008c222f0606","ecap":"0xf00f5a"';
const recording = `{"recording":1,${words}}`;
const say = `JSON nested more than ${deepestJson} deep`;

describe("JSON nested ten thousand deep", () => {
  const places: readonly (readonly [string, string, number])[] = [
    ["a first line", deep, 1],
    ["a log's header", `{"shadowfold":${deep}}`, 1],
    ["a field of objects", `{"shadowfold":${named(10_000)}}`, 1],
    ["a field of a recording's header", `{"recording":1,"ver":"0x10","cap":${deep}}`, 1],
    ["what a recording's header says besides", `{"recording":1,"note":${deep},${words}}`, 1],
    ["a line of a recording", `${recording}\n{"mem":"0x0","hex":${deep}}`, 2],
    ["a field that nobody knows", `${recording}\n{"dream":${deep}}`, 2],
  ];
  test.each(places)("[CL60] in %s is one line that says so", async (_, text, line) => {
    const file = fileOf("deep.ndjson", `${text}\n`);
    for (const command of [["replay"], ["log"], ["state"]]) {
      const { code, err } = await run(...command, file);
      expect([command, code, err]).toEqual([command, 2, `${file}:${line}: ${say}\n`]);
    }
  });

  test("[CL60] in an event of a log is one line, after what stands before it", async () => {
    const made = fileOf("made.ndjson", `${recording}\n{"note":"first"}\n`);
    const converted = fileOf("log.ndjson", "");
    await run("convert", made, converted, "--force");
    const lines = readFileSync(converted, "utf8")
      .replace(/\{"end":\d+\}\n$/, "")
      .trimEnd();
    const count = lines.split("\n").length;
    const file = fileOf("event.ndjson", `${lines}\n{"seq":99,"input":${deep}}\n`);
    const { code, out, err } = await run("replay", file);
    expect([code, err]).toEqual([2, `${file}:${count + 1}: ${say}\n`]);
    expect(out).toMatch(/event\.ndjson +1 /);
  });

  test("[CL60] in a DMAR configuration is one line", async () => {
    const configurations = [
      deep,
      `{"hostAddressWidth":${deep}}`,
      `{"hostAddressWidth":39,"structures":${deep}}`,
      `{"hostAddressWidth":39,"structures":[{"type":"DRHD","scopes":[{"path":${deep}}]}]}`,
    ];
    for (const text of configurations) {
      const file = fileOf("deep.json", text);
      const { code, err } = await run("dmar", "build", file, `${file}.aml`);
      expect([code, err]).toEqual([2, `${file}: ${say}\n`]);
    }
  });
});

describe("the bound", () => {
  test("[CL60] is the same for lists, objects and both; brackets in texts do not count", () => {
    for (const of of [nested, named, (depth: number) => `[${named(depth - 1)}]`]) {
      expect(() => parseJson(of(deepestJson))).not.toThrow();
      expect(() => parseJson(of(deepestJson + 1))).toThrow(say);
    }
    expect(parseJson(JSON.stringify(deep))).toBe(deep);
    expect(() => parseJson("[".repeat(10_000))).toThrow(SyntaxError);
  });

  test("[CL60] holds in a unit's record too", () => {
    expect(() => bodyOf(recordOf(deep))).toThrow(`restore: the record is ${say}`);
  });
});
