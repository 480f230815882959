import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { laws } from "../properties/laws/all.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8").split("\n");

test("[DOC2] README lists every law, each once, and no other", () => {
  const rows = readme.flatMap((line) => /^\| ([A-Z]{2}\d+) \|/.exec(line)?.[1] ?? []);
  expect(rows.toSorted()).toEqual(laws.map(({ id }) => id).toSorted());
});

test("[DOC2] README stays a page of fewer than 120 lines", () => {
  expect(readme.length - 1).toBeLessThan(120);
});
