import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scratch } from "../cli/test/scratch.ts";
import { withOutputs } from "./command-blocks.ts";
import { withEdits } from "./seal-edits.ts";

const page = readFileSync(new URL("seal.md", import.meta.url), "utf8");
const { folder } = scratch("seal-page", afterAll);
const home = process.cwd();
beforeAll(() => {
  mkdirSync(join(folder, "work"));
  symlinkSync(join(home, "docs"), join(folder, "work", "docs"));
});
afterAll(() => process.chdir(home));

/** Keys are made by chance: their ids and bytes are not compared. */
const withoutKeys = (text: string): string =>
  text.replaceAll(/\+[0-9a-f]{8}\b(\+[\w/+=]+)?/g, "+KEY");

test("[TE40] each command of docs/seal.md prints what stands there", async () => {
  process.chdir(join(folder, "work"));
  try {
    expect(withoutKeys(await withOutputs(page))).toBe(withoutKeys(page));
  } finally {
    process.chdir(home);
  }
});

test("[TE41] the edits of docs/seal.md are found as its table says", async () => {
  expect(await withEdits(page)).toBe(page);
});
