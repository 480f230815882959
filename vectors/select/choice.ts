import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bugs } from "../../properties/bugs/all.ts";
import { projectFolder } from "../../properties/project-folder.ts";
import { allChosen, keptOf, shownBy, vectorFor } from "../chosen.ts";
import { makeSteps } from "../make.ts";
import type { SmallCase } from "./case.ts";
import { profileOfCase } from "./case.ts";
import { cover } from "./cover.ts";
import { whyOf } from "./why.ts";

/** Where what was chosen is kept. */
export const folder = join(projectFolder(), "vectors");

/** The facets that a case shows. */
export const shownIn = (each: SmallCase): readonly string[] => {
  const profile = profileOfCase(each);
  return shownBy(profile, makeSteps(profile, each.inputs));
};

/** As few of the cases as show all facets that some of them shows, of those that can be asked. */
export function needed(
  cases: readonly SmallCase[],
  say: (text: string) => void,
): readonly SmallCase[] {
  let choices = cases.map((one) => ({
    ...{ one, covers: new Set(shownIn(one)), cost: one.inputs.length },
  }));
  for (;;) {
    const taken = cover(choices);
    const bad = taken.filter(
      ({ one }) => vectorFor(profileOfCase(one), whyOf(one, [])) === undefined,
    );
    if (bad.length === 0) return taken.map(({ one }) => one);
    say(`  not for a target: ${bad.map(({ one }) => one.id).join(", ")}`);
    choices = choices.filter((each) => !bad.includes(each));
  }
}

/** Writes what was chosen. */
export function writeChosen(
  cases: readonly SmallCase[],
  killed: ReadonlyMap<string, readonly string[]>,
): void {
  const killsOf = (id: string): readonly string[] =>
    bugs.filter((bug) => killed.get(bug.id)?.includes(id)).map((bug) => bug.id);
  const chosen = cases.map((one) => keptOf(whyOf(one, killsOf(one.id))));
  const rows = chosen.map((each) => `  ${JSON.stringify(each)}`);
  writeFileSync(join(folder, "chosen.json"), `[\n${rows.join(",\n")}\n]\n`);
}

/** The cases that are chosen already, and the bugs that they find. */
export function chosenBefore() {
  const killed = new Map<string, readonly string[]>();
  const cases = allChosen().map(({ shows: [facet], kills, ...rest }): SmallCase => {
    for (const id of kills) killed.set(id, [...(killed.get(id) ?? []), rest.id]);
    const bug = facet === undefined ? kills[0] : undefined;
    return {
      ...rest,
      ...(facet === undefined ? {} : { facet }),
      ...(bug === undefined ? {} : { bug }),
    };
  });
  return { cases, killed };
}
