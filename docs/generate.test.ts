import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { documents } from "./generate.ts";

test.each([...documents()])("[DOC1] docs/%s is what the declarations say", (name, text) => {
  expect(readFileSync(new URL(name, import.meta.url), "utf8")).toBe(text);
});
