import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bugs } from "../../properties/bugs/all.ts";
import { projectFolder } from "../../properties/project-folder.ts";
import type { Chosen } from "../chosen.ts";
import { facets, nameOf } from "../rules/all.ts";
import type { SmallCase } from "./case.ts";

/** The sentence of each rule of SPEC.md, by its id. */
export const sentences = (): ReadonlyMap<string, string> => {
  const text = readFileSync(join(projectFolder(), "SPEC.md"), "utf8");
  return new Map(
    [...text.matchAll(/^- \[([A-Z]+\d+)\] (.*(?:\n {2}.*)*)$/gm)].map(
      ([, id = "", sentence = ""]) => [id, sentence.replace(/\s+/g, " ")],
    ),
  );
};

/** What a case was made for. */
interface About {
  readonly facet?: string | undefined;
  readonly bug?: string | undefined;
}

/** One sentence on what a case is about. */
export function sentenceOf({ facet, bug }: About, rules: ReadonlyMap<string, string>): string {
  const found = facets.find((each) => nameOf(each) === facet);
  if (found !== undefined) {
    const sentence = rules.get(found.rule) ?? "";
    return found.side === "" ? sentence : sentence.replace(/\.$/, `: ${found.side}.`);
  }
  const { what = "" } = bugs.find(({ id }) => id === bug) ?? {};
  return `Fails where somebody makes this mistake: ${what}`;
}

/** A case with what it is good for: the bugs that it finds. */
export function whyOf(one: SmallCase, kills: readonly string[]): Chosen {
  const { id, profile, from, inputs, facet, bug } = one;
  return {
    ...{ id, profile, why: sentenceOf(one, sentences()) },
    ...{ shows: facet === undefined ? [] : [facet] },
    kills: bug === undefined ? kills : [...new Set([bug, ...kills])],
    ...(from === undefined ? {} : { from }),
    inputs,
  };
}
