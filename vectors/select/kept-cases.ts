import { readFileSync, writeFileSync } from "node:fs";
import { parseJson } from "../../events/json.ts";
import type { KeptChosen } from "../chosen.ts";
import { chosenOf, keptOf } from "../chosen.ts";
import { byHand } from "../hand/all.ts";
import type { SmallCase } from "./case.ts";

/** Small cases that an earlier run has left in a file, where it is given one. */
export function keptCases(file: string | undefined): SmallCase[] {
  if (file === undefined) return [];
  try {
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line) => {
      const { facet, bug, ...rest } = parseJson(line) as KeptChosen & Partial<SmallCase>;
      const about = { ...(facet === undefined ? {} : { facet }), ...(bug ? { bug } : {}) };
      return { ...chosenOf(rest), ...about };
    });
  } catch {
    return [];
  }
}

/** Keeps cases for a later run, but those by hand. */
export const save = (file: string | undefined, cases: readonly SmallCase[]): void => {
  if (file === undefined) return;
  const found = [...new Set(cases)].filter((each) => !byHand.includes(each));
  writeFileSync(file, found.map((each) => `${JSON.stringify(keptOf(each as never))}\n`).join(""));
};
