import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseSources } from "../properties/style/source.ts";
import { readings, withoutSource, withReadings } from "./readings.ts";
import { tableRow } from "./table.ts";

const page = readFileSync(new URL("readings.md", import.meta.url), "utf8");
const found = readings();

describe("readings", () => {
  it("[ST11] docs/readings.md has every reading that the code marks, and no other", () => {
    expect(withReadings(page, found)).toBe(page);
  });

  it("[ST11] a reading is found wherever a comment marks it", () => {
    const files = parseSources().filter(({ folder }) => folder !== "docs");
    const marks = files.flatMap(({ text }) => text.match(/Reading: (?!Reading)/g) ?? []);
    expect(found).toHaveLength(marks.length);
    expect(found.filter(({ text }) => !/^\S.*[.)]$/.test(text))).toEqual([]);
  });

  it("[ST11] each reading has a source, or says who is silent and what others do", () => {
    expect(withoutSource(page)).toEqual([]);
    const row = tableRow(["`a.ts`", "so it is. Or not.", "it follows", "QEMU"]);
    expect(withoutSource(row)).toEqual(["so it is."]);
  });

  it("[ST11] a reading that the page lacks and a row that no code bears out are named", () => {
    const [first, ...others] = found;
    const path = first?.path ?? "";
    const strange = [...others, { path, text: "nobody reads it so. At all." }];
    const saying = (text: string) => expect.objectContaining({ message: text });
    expect(() => withReadings(page, strange)).toThrow(
      saying(`not in the code: ${first?.text}\nnot in the page: ${path}: nobody reads it so.`),
    );
  });
});
