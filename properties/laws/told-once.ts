import type { Law } from "./law.ts";
import { sameValue } from "./same.ts";

export const nothingIsToldTwice: Law = {
  id: "FT2",
  says: "No fact is told twice running of one input.",
  sometimes: ["several of a kind"],
  check(run, count) {
    for (const { facts, seq } of run.steps) {
      for (let index = 1; index < facts.length; index++) {
        const [last, fact] = [facts[index - 1], facts[index]];
        if (fact === undefined || last?.type !== fact.type) continue;
        count("several of a kind");
        if (!sameValue(last, fact)) continue;
        return { law: "FT2", seq: seq + index + 1, text: `${fact.type} is told twice running` };
      }
    }
    return undefined;
  },
};
