import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { charts } from "../machines/charts.ts";
import { chartPage } from "./chart-pictures.ts";
import { documents } from "./generate.ts";

test.each([...documents()])("[DOC1] docs/%s is what the declarations say", (name, text) => {
  expect(readFileSync(new URL(name, import.meta.url), "utf8")).toBe(text);
});

test.each(charts)("[DOC1] $id has a picture, in which each of its states is reached", (chart) => {
  const sections = chartPage().split("\n## ");
  const section = sections.find((one) =>
    one.toLowerCase().startsWith(`${chart.id.toLowerCase()}\n`),
  );
  const [, picture = ""] = /```mermaid\n(.*?)```/s.exec(section ?? "") ?? [];
  const reached = [...picture.matchAll(/--> (\w+)/g)].map(([, state]) => state);
  expect(new Set(reached)).toEqual(new Set(chart.states));
  const drawn = [...picture.matchAll(/^ {2}(\w+) -->/gm)].map(([, state]) => state);
  const others = drawn.filter((state) => state !== undefined && !chart.states.includes(state));
  if (others.length > 0) expect(picture).toContain('state "any state" as any');
  expect(new Set(others).size).toBeLessThan(2);
});
