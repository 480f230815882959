import { formatSourceId, hex } from "../../events/address.ts";
import type { EntryRead, Stage } from "./entries-read.ts";
import { differenceIn } from "./entries-read.ts";
import type { Law } from "./law.ts";
import { sightOf } from "./probes.ts";
import { guestIndex } from "./run.ts";

const nothing: ReadonlyMap<number, Stage> = new Map();

export const entriesAreAsRead: Law = {
  id: "HE2",
  says:
    "A host entry that is read says what the root, context and PASID entries on its way say, and " +
    "so does its first stage.",
  sometimes: ["blocked", "passThrough", "shadowed", "nested", "virtual", "refused"],
  check(run, count) {
    const { entries } = sightOf(run);
    const stages = run.setup.guests.map(() => new Map<number, Stage>());
    let next = 0;
    for (const { facts, seq } of run.steps) {
      for (const fact of facts) {
        if (fact.type === "FirstStageCreated") stages[guestIndex(fact)]?.set(fact.space, fact);
      }
      for (; entries[next]?.seq === seq; next++) {
        const one = entries[next] as EntryRead;
        const { fact } = one;
        count(fact.state);
        const wrong = differenceIn(one, stages[guestIndex(fact)] ?? nothing);
        if (wrong === undefined) continue;
        const whose = fact.pasid === undefined ? "" : ` with PASID ${hex(fact.pasid)}`;
        const text = `the entry of ${formatSourceId(fact.source)}${whose} has another ${wrong}`;
        return { law: "HE2", seq, text };
      }
    }
    return undefined;
  },
};
