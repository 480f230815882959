import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { captureRun as run } from "../cli/test/captured-run.ts";
import { pagesWithCommands, withOutputs } from "./command-blocks.ts";
import { hostLogs } from "./host-logs.ts";
import { nestingLogs } from "./nesting-logs.ts";

const textOf = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const logs = [...nestingLogs()];

test.each(pagesWithCommands)(
  "[DOC3] each command of docs/%s prints what stands there",
  async (name) => {
    const page = textOf(name);
    expect(page).toMatch(/^\$ npx shadowfold /m);
    expect(await withOutputs(page)).toBe(page);
  },
);

test.each([...logs, ...hostLogs()])(
  "[DOC4] docs/%s is what the example driver does",
  (name, text) => {
    expect(textOf(name)).toBe(text);
  },
);

test.each(logs)("[DOC4] replay finds the answers of docs/%s in agreement", async (name) => {
  const { code, out } = await run("replay", `docs/${name}`, "--json");
  const { dma, faults, violations } = JSON.parse(out);
  expect([code, dma.disagree, faults.disagree, violations]).toEqual([0, 0, 0, []]);
  expect(dma.agree).toBeGreaterThan(0);
});

test("[DOC5] who nests without the capability gets fault 5Bh; other devices go on", async () => {
  const words = ["--type", "DmaLanded,DmaBlocked,FaultRecorded", "--json"];
  const { out } = await run("log", "docs/nesting/nest-off.ndjson", ...words);
  const facts = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [nvme, other] = ["00:04.0", "00:05.0"];
  expect(facts).toMatchObject([
    { fact: "DmaLanded", device: nvme },
    { fact: "DmaLanded", device: other },
    { fact: "DmaBlocked", device: nvme, pasid: 0x43, reason: 0x5b },
    { fact: "FaultRecorded", source: nvme, pasid: 0x43, reason: 0x5b },
    { fact: "DmaLanded", device: nvme },
    { fact: "DmaLanded", device: other },
  ]);
});
