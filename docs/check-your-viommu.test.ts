import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captureRun as run } from "../cli/test/captured-run.ts";
import { scratch } from "../cli/test/scratch.ts";
import { profiles } from "../events/profile/profiles.ts";
import { installedQemu } from "../qemu/test/installed.ts";
import { answerFields } from "../target/answer.ts";
import { inputsFor } from "../target/campaign.ts";
import type { Ability } from "../target/implementation.ts";
import { abilities } from "../target/implementation.ts";
import { nothingKnown } from "../target/known.ts";
import { openLane } from "../target/lane.ts";
import { modelTarget } from "../target/model-target.ts";
import { objectPlan } from "../target/object-plan.ts";
import { programsOfSeed } from "../target/programs.ts";
import { requestOf } from "../target/requests.ts";
import { emptyTally } from "../target/tally.ts";
import { compiledExample, installedCompiler } from "../target/test/built.ts";

const { folder, fileOf } = scratch("check", afterAll);
const { isThere, why } = installedCompiler();
const { qemu, why: whyNot } = await installedQemu();
const textOf = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const page = textOf("check-your-viommu.md");
const protocol = textOf("target-protocol.md");

/** The blocks of a language in a page. */
const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, of]) => of === language)
    .map(([, , block = ""]) => block);

describe("docs/check-your-viommu.md", () => {
  const home = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(home));

  const [ofProgram = "", ofModule = ""] = blocks(page, "text");
  it.skipIf(!isThere)(`[TG12] its program shows the story that stands there${why}`, async () => {
    compiledExample(folder);
    const words = ["--against", "stdio:./viommu --bug 4", "--seed", "1"];
    expect(page).toContain(`--against '${words[1]}' --seed 1\n`);
    const { code, out } = await run("fuzz", ...words);
    expect([code, out.slice(-ofProgram.length)]).toEqual([1, ofProgram]);
    const input = readFileSync("counterexample.requests.jsonl");
    const sent = spawnSync("./viommu", ["--bug", "4"], { input, encoding: "utf8" });
    // IQH, of which the model says that it stays 0.
    const last = JSON.parse(sent.stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(Buffer.from(last.bytes, "hex").readUInt32LE(0x80)).toBe(0x10);
  });

  it("[TG12] its module shows the story that stands there", async () => {
    fileOf("first.mjs", blocks(page, "js")[0] ?? "");
    const { code, out } = await run("fuzz", "--against", "module:first.mjs", "--seed", "1");
    expect([code, out.includes(ofModule)]).toEqual([1, true]);
  });
});

describe("docs/check-your-viommu.md, with QEMU", () => {
  const [, , ofQemu = ""] = blocks(page, "text");
  const isSame = qemu?.version === "7.2.22";
  it.skipIf(!isSame)(`[TG12] QEMU 7.2.22 shows the story that stands there${whyNot}`, async () => {
    const own = mkdtempSync(join(folder, "qemu-"));
    const prefix = join(own, "counterexample");
    const words = ["--qemu", qemu?.path ?? "", "--deviations", "none", "--seed", "1"];
    const { code, out } = await run("fuzz", ...words, "--out", prefix);
    expect([code, out.replaceAll(`${own}/`, "").endsWith(ofQemu)]).toEqual([1, true]);
  });
});

describe("docs/target-protocol.md", () => {
  /** What the page says of a request: its fields, and those of its answer. */
  const rows = new Map(
    [...protocol.matchAll(/^\| `(\w+)` \| (.*?) \| ?(.*?) ?\|$/gm)].map(
      ([, name = "", asked = "", answer = ""]) => [name, { asked, answer }],
    ),
  );
  const besides = protocol.slice(protocol.indexOf("Any answer may have besides"));
  const names = (text: string): readonly string[] =>
    [...text.matchAll(/`(\w+)\??`/g)].map(([, name = ""]) => name);

  it("[TG7] it has every request, and every field of its answer", () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(answerFields).toSorted());
    for (const [name, fields] of Object.entries(answerFields)) {
      const written = [...names(rows.get(name)?.answer ?? ""), ...names(besides)];
      expect([name, fields.filter((each) => !written.includes(each))]).toEqual([name, []]);
    }
    for (const each of abilities) expect(protocol).toContain(`\`${each}\``);
  });

  it("[TG7] it has every field of the requests of random programs", async () => {
    const can: readonly Ability[] = abilities;
    const make = () => modelTarget(profiles["everything-scalable"], can);
    const lane = await openLane(objectPlan(make, { patience: 5 }), nothingKnown);
    const programs = programsOfSeed(lane, 1);
    const seen = new Set<string>();
    for (let count = 0; count < 12; count++) {
      const { value } = programs.next();
      if (value === undefined) break;
      for (const input of inputsFor(lane, value, nothingKnown, emptyTally())) {
        const request = requestOf(input);
        if (request === undefined) continue;
        const { op, ...fields } = request;
        seen.add(op);
        const written = names(rows.get(op)?.asked ?? "");
        expect([op, Object.keys(fields).filter((each) => !written.includes(each))]).toEqual([
          op,
          [],
        ]);
      }
    }
    const asked = ["deviceAnswer", "dma", "interrupt", "pageRequest", "translate", "writeMemory"];
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(asked));
  });

  it.skipIf(!isThere)(`[TG7] its conversation is one with the example in C${why}`, () => {
    const lines = (blocks(protocol, "json")[0] ?? "").trimEnd().split("\n");
    const isAsked = (line: string): boolean => line.includes('"op"');
    const input = `${lines.filter(isAsked).join("\n")}\n`;
    const program = compiledExample(folder);
    const { stdout } = spawnSync(program, { input, encoding: "utf8" });
    expect(stdout.trimEnd().split("\n")).toEqual(lines.filter((line) => !isAsked(line)));
  });
});
