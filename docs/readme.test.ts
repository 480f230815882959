import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withLawRules, withLawTable } from "./law-sentences.ts";

const textOf = (name: string): string =>
  readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

test("[DOC2] README lists every law as the law says it, and its file", () => {
  expect(textOf("README.md")).toBe(withLawTable(textOf("README.md")));
});

test("[DOC2] SPEC.md has each law as the law says it", () => {
  expect(textOf("SPEC.md")).toBe(withLawRules(textOf("SPEC.md")));
});

test("[DOC2] README stays a page of fewer than 160 lines", () => {
  expect(textOf("README.md").trimEnd().split("\n").length).toBeLessThan(160);
});
