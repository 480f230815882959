import { afterAll, expect, test } from "vitest";
import {
  contextEntry,
  leafEntry,
  memory,
  page,
  reads,
  tables,
  topTable,
  turnOn,
  width4,
} from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import { unit } from "../properties/examples/unit.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("remembered", afterAll);
const place = ["--device", "00:04.0", "--iova", `0x${page.toString(16)}`] as const;

/** What `why` says of the page, in one line without the table. */
async function story(name: string, inputs: Inputs): Promise<string> {
  const log = fileOf(name, logOf(unit(), flat(inputs)));
  const { out } = await run("why", log, ...place);
  return (out.split("\nTable ")[0] ?? "").replaceAll(/\s+/g, " ");
}

const remembered = /That was decided by the tables as they were before the change at event (\d+)/;
const notPresent = memory(contextEntry, topTable, width4(5));

/** What happens, what became of the DMA, and which write was not announced, by its place. */
const cases: readonly (readonly [string, Inputs, RegExp])[] = [
  [
    "a fault of the tables that a context entry led to",
    [tables, memory(leafEntry, 0n), turnOn, notPresent, reads(page)],
    /was blocked: fault 6h, .* before the change .* context entry of 00:04.0, .* says: not present/,
  ],
  [
    "a fault of a context entry that was not present",
    [tables, notPresent, turnOn, memory(contextEntry, topTable | 1n, width4(5)), reads(page)],
    /fault 2h, .* Until event \d+ the context entry .* said: not present\. .* says: domain 5/,
  ],
  [
    "a page that was taken away",
    [tables, turnOn, memory(leafEntry, 0n), reads(page)],
    /landed in the guest's memory at 0x7000, .* before the change .* maps nothing/,
  ],
  [
    "a page that leads elsewhere",
    [tables, turnOn, memory(leafEntry, 0x9003n), reads(page)],
    /landed in the guest's memory at 0x7000, .* before the change .* page 0x9000/,
  ],
];
test.each(cases)("[CL64] why tells by what a DMA was decided: %s", async (name, inputs, text) => {
  const told = await story(name.replaceAll(" ", "-"), inputs);
  expect(told).toMatch(text);
  const [, before] = remembered.exec(told) ?? [];
  expect(told).toMatch(new RegExp(`[Uu]ntil (then it was|event ${before} the)`));
  expect(told).toContain(`a change on the path, at event ${before}, is not announced yet`);
  // What would follow from the tables as they are is not what happened.
  expect(told).not.toContain("In short");
});

test("[CL64] what the tables themselves decide is told without that", async () => {
  const landed = await story("landed", [tables, turnOn, reads(page)]);
  const blocked = await story("blocked", [tables, memory(leafEntry, 0n), turnOn, reads(page)]);
  for (const told of [landed, blocked]) expect(told).not.toMatch(/decided|something else/);
  expect(blocked).toContain("In short: ");
});

test("[CL64] of an entry that nobody has written no time is told", async () => {
  const told = await story("never", [memory(0x1000n, 0x2001n, 0n), turnOn, reads(page)]);
  expect(told).toContain("- The context entry of 00:04.0 says: not present.");
  expect(told).not.toMatch(/ ,|,,|, says: .*, says:/);
});
