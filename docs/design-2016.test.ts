import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cellsOf } from "./table.ts";

const textOf = (name: string): string =>
  readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

const rows = textOf("docs/design-2016.md")
  .split("\n")
  .filter((line) => /^\| [13]\.\d /.test(line))
  .map(cellsOf);

test("[DOC7] a demand of 2016 that is shown names rules that have tests", () => {
  const tested = [...textOf("SPEC.md").matchAll(/^- \[([A-Z]+\d+)\] (.*)$/gm)]
    .filter(([, , says = ""]) => !says.endsWith("(not tested by name)"))
    .map(([, id]) => id);
  const named = rows.flatMap(([, , , rules = ""]) => (rules === "–" ? [] : rules.split(", ")));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((id) => !tested.includes(id))).toEqual([]);
});

test("[DOC7] one that is not shown says so, and names none", () => {
  const open = /(^|: )not yet\b|^not of a unit\b/;
  const wrong = rows.filter(([, , shown = "", rules = ""]) => open.test(shown) !== (rules === "–"));
  expect(wrong).toEqual([]);
});
