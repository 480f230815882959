import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { captureRun, recordingPath } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder } = scratch("index", afterAll);
const plain = join(folder, "plain.jsonl");
const file = join(folder, "indexed.jsonl");
const questions: readonly (readonly string[])[] = [
  ["state", "--at", "1000"],
  ["state", "--json", "--at", "2222"],
  ["diff", "--from", "400", "--to", "420"],
  ["diff", "--from", "420", "--to", "0"],
  ["translate", "--device", "00:04.0", "--iova", "0x28325000", "--at", "1200"],
  ["translate", "--device", "00:04.0", "--iova", "0x1806000"],
  ["why", "--device", "00:04.0", "--iova", "0x1806000"],
  ["why", "--device", "00:04.0", "--iova", "0x1806000", "--at", "1500", "--json"],
  ["log", "--type", "DmaBlocked,FaultRecorded", "--device", "00:04.0"],
  ["log", "--from", "500", "--to", "520", "--json"],
  ["log", "--where", 'fact == "DmaBlocked" && iova < 0x2000000 || register == "GCMD"'],
  ["log", "--where", 'changes("00:04.0", 0x1806000)', "--to", "3000"],
  ["state", "--at", "999999999"],
  ["diff", "--from", "1", "--to", "999999999"],
  ["log", "--from", "999999999"],
  ["log", "--device", "07:00.0"],
  ["why", "--device", "07:00.0", "--iova", "0"],
];

/** What the program says of a file, which is named alike whatever it is. */
async function ask(of: string, [command = "", ...words]: readonly string[]) {
  const { code, out, err } = await captureRun(command, of, ...words);
  return { code, out: out.replaceAll(of, "FILE"), err: err.replaceAll(of, "FILE") };
}

const text = gunzipSync(readFileSync(recordingPath("linux-vfio-edu"))).toString("utf8");
const lines = text.split("\n");

beforeAll(async () => {
  writeFileSync(plain, text);
  copyFileSync(plain, file);
  const { code, out } = await captureRun("index", file);
  expect(code).toBe(0);
  expect(out).toMatch(/indexed\.jsonl\.index: \d+ inputs, \d+ events, \d+ checkpoints, \d+ bytes/);
});

test.each(questions)("[TT21] %s says the same with an index as without (%#)", async (...words) => {
  expect(await ask(file, words)).toEqual(await ask(plain, words));
});

test("[TT21] an index lies beside a file, which has to have a name", async () => {
  expect((await captureRun("index", "-")).err).toContain("an index lies beside a file");
  const none = join(folder, "none.jsonl");
  const wanted = { code: 2, out: "", err: `${none}: no such file or directory\n` };
  expect(await captureRun("index", none)).toEqual(wanted);
  copyFileSync(`${file}.index`, `${none}.index`);
  expect(await captureRun("state", none)).toEqual(wanted);
});

test("[TT22] an index of a file that has grown is folded on, and written again", async () => {
  const grown = join(folder, "grown.jsonl");
  writeFileSync(grown, `${lines.slice(0, 900).join("\n")}\n`);
  await captureRun("index", grown);
  const size = statSync(`${grown}.index`).size;
  copyFileSync(plain, grown);
  const words = ["state", "--at", "2000"];
  expect(await ask(grown, words)).toEqual(await ask(plain, words));
  expect(statSync(`${grown}.index`).size).toBeGreaterThan(size);
  expect(await ask(grown, ["state"])).toEqual(await ask(plain, ["state"]));
});

test("[TT22] a wrong or damaged index is refused in one line and made anew", async () => {
  const other = join(folder, "other.jsonl");
  writeFileSync(other, `${lines.slice(0, 1200).join("\n")}\n`);
  const index = `${other}.index`;
  const words = ["state", "--at", "700"];
  const wanted = await ask(plain, words);
  copyFileSync(`${file}.index`, index);
  const reasons = ["is of another log", "is no index", "is damaged"];
  for (const reason of reasons) {
    if (reason === "is no index") writeFileSync(index, "hello\n");
    if (reason === "is damaged") writeFileSync(index, readFileSync(index).subarray(0, -9));
    const { code, out, err } = await ask(other, words);
    expect({ code, out }).toEqual({ code: 0, out: wanted.out });
    expect(err).toBe(`FILE.index: ${reason}; made anew\n`);
    expect(await ask(other, words)).toEqual(wanted);
  }
});

test("[TT22] a file that is bad in the middle says so with its index as without", async () => {
  const [bad, same] = [join(folder, "bad.jsonl"), join(folder, "same.jsonl")];
  const broken = `${lines.slice(0, 800).join("\n")}\n{"seq":\n${lines.slice(800).join("\n")}`;
  for (const name of [bad, same]) writeFileSync(name, broken);
  expect((await captureRun("index", bad)).code).toBe(2);
  expect(existsSync(`${bad}.index`)).toBe(true);
  for (const words of [
    ["state"],
    ["state", "--at", "99999"],
    ["state", "--at", "300"],
    ["log", "--from", "990"],
  ]) {
    expect(await ask(bad, words)).toEqual(await ask(same, words));
  }
});
