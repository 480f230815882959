import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import pc from "picocolors";
import { afterAll, expect, test, vi } from "vitest";
import { runProgram } from "./program.ts";
import { captureRun, recordingPath } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const counted = vi.hoisted(() => ({ folds: 0 }));

vi.mock("../history/step.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../history/step.ts")>();
  return {
    ...original,
    stepOf: (...args: Parameters<typeof original.stepOf>) => {
      counted.folds += 1;
      return original.stepOf(...args);
    },
  };
});

const { folder, fileOf } = scratch("one-fold", afterAll);
const text = gunzipSync(readFileSync(recordingPath("linux-vfio-edu"))).toString("utf8");
const short = `${text.split("\n").slice(0, 1700).join("\n")}\n`;
const plain = fileOf("plain.jsonl", short);
const indexed = fileOf("indexed.jsonl", text);
const told = await captureRun("index", indexed, "--json");
/** Every line of the short one but the first is an input. */
const shortInputs = short.trim().split("\n").length - 1;
const { inputs } = JSON.parse(told.out) as { readonly inputs: number };

const page = ["--device", "00:04.0", "--iova", "0x28325000"];
const asked: readonly (readonly string[])[] = [
  ["state", "--at", "5500"],
  ["state"],
  ["diff", "--from", "400", "--to", "5500"],
  ["log", "--where", 'fact == "QueueHalted" || iova == 0x28325000'],
  ["log", "--from", "5500", "--to", "5510"],
  ["translate", ...page],
  ["translate", ...page, "--at", "5500"],
  ["why", ...page],
  ["why", ...page, "--at", "5500"],
];

async function foldsOf([command = "", ...words]: readonly string[], file: string): Promise<number> {
  counted.folds = 0;
  const { code } = await captureRun(command, file, ...words);
  expect(code).toBe(0);
  return counted.folds;
}

test.each(asked)(
  "[TT32] %s folds once at most, and with an index a few parts (%#)",
  async (...words) => {
    const once = await foldsOf(words, plain);
    const few = await foldsOf(words, indexed);
    expect(once).toBeLessThanOrEqual(shortInputs);
    expect(few).toBeLessThan(inputs / 2);
  },
);

test("[TT22] an index of an earlier build is refused and made anew", async () => {
  const old = join(folder, "old.jsonl");
  writeFileSync(old, text);
  const bytes = readFileSync(`${indexed}.index`);
  const head = bytes.subarray(0, 40).toString("latin1");
  expect(head).toContain('{"shadowfoldIndex":3,');
  const earlier = Buffer.from(head.replace(":3,", ":2,"), "latin1");
  writeFileSync(`${old}.index`, Buffer.concat([earlier, bytes.subarray(40)]));
  const { code, err } = await captureRun("state", old, "--at", "9");
  expect({ code, err }).toEqual({
    code: 0,
    err: `${old}.index: is of another version of the model; made anew\n`,
  });
  expect((await captureRun("state", old, "--at", "9")).err).toBe("");
});

test.each([
  [["state", "--at", "5320"], 5320],
  [["diff", "--from", "1", "--to", "5320"], 5320],
  [["log", "--from", "5310", "--to", "5320"], 5320],
  [["translate", ...page, "--at", "5320"], 5320],
  [["why", ...page], 5317],
])("[TT33] on a terminal %j ends with the command that opens that moment", async (words, at) => {
  for (const file of [plain, indexed]) {
    const [command = "", ...rest] = words as readonly string[];
    let said = "";
    const out = (more: string): void => {
      said += more;
    };
    const colours = pc.createColors(false);
    const terminal = { out, err: out, colours, drawsProgress: false, isInteractive: true };
    await runProgram([command, file, ...rest], terminal);
    const opens = `shadowfold debug ${file} --at ${at.toString()}`;
    const last = `\nGo on from there: ${opens} (in this terminal: --terminal)\n`;
    expect(said.endsWith(last)).toBe(true);
    if (command === "why") continue;
    const { out: piped } = await captureRun(command, file, ...rest);
    expect(`${piped}${last}`).toBe(said);
  }
});
