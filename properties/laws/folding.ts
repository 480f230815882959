import type { Step } from "../../history/step.ts";
import { worldWithin } from "../../history/step.ts";
import { againOf } from "./again.ts";
import type { Law } from "./law.ts";
import { sightOf } from "./probes.ts";
import { momentsOf, runOf } from "./run.ts";
import type { KnownPairs } from "./same.ts";
import { sameValue } from "./same.ts";

export const foldIsDeterministic: Law = {
  id: "LO1",
  says: "Folding the same inputs again gives the same facts and the same world.",
  sometimes: ["runs"],
  check(run, count) {
    count("runs");
    // Where records on the way made no difference, going without them makes none.
    if (againOf(run).differs === undefined) return undefined;
    const again = runOf(run);
    const known: KnownPairs = new Map();
    for (const [index, step] of run.steps.entries()) {
      const other = again.steps[index];
      if (sameValue(step.facts, other?.facts, known)) continue;
      return { law: "LO1", seq: step.seq, text: "other facts the second time" };
    }
    const [end, other] = [run.steps.at(-1), again.steps.at(-1)];
    if (sameValue(end?.after, other?.after, known)) return undefined;
    return { law: "LO1", seq: end?.seq ?? 0, text: "another world the second time" };
  },
};

export const projectionIsTheFold: Law = {
  id: "PJ1",
  says:
    "Evolving the recorded inputs and facts without deciding anything gives the world of the " +
    "fold.",
  sometimes: ["runs"],
  check(run, count) {
    count("runs");
    const [end, moment] = [run.steps.at(-1), momentsOf(run).at(-1)];
    if (sameValue(end?.after, moment?.after, new Map())) return undefined;
    return { law: "PJ1", seq: end?.seq ?? 0, text: "the projected world is another" };
  },
};

/**
 * Steps whose last event is sought. What goes wrong stays wrong, so that a later one shows it too.
 */
export const isSoughtAtEnd = ({ seq }: Step): boolean => (seq * 7907) % 4 === 0;

/** One event inside of most steps, another in each: seeking there costs all that went before. */
function placeWithin({ seq, facts }: Step): number {
  const often = facts.length > 0 && seq % 3 !== 0;
  return often ? seq + ((seq * 7919) % facts.length) : -1;
}

export const seekingIsFolding: Law = {
  id: "LO3",
  says: "The world at an event reached by seeking is the world reached by folding from the start.",
  sometimes: ["inside a step", "at the end of a step"],
  check(run, count) {
    const known: KnownPairs = new Map();
    for (const { step, seq, after, isLast: last } of momentsOf(run)) {
      if (last ? !isSoughtAtEnd(step) : seq !== placeWithin(step)) continue;
      count(last ? "at the end of a step" : "inside a step");
      const sought = last ? step.after : worldWithin(step, seq);
      if (sought.seq === seq && sameValue(sought, after, known)) continue;
      return { law: "LO3", seq, text: "the world reached by seeking is another" };
    }
    return undefined;
  },
};

export const refusalsChangeNothing: Law = {
  id: "PF1",
  says:
    "A P2M change that must be refused is refused, and an input that is refused changes " +
    "nothing.",
  sometimes: ["refused", "P2M refused"],
  check(run, count) {
    const { refusals } = sightOf(run);
    for (const { input, facts, before, after, seq } of run.steps) {
      const refused = facts.length > 0 && facts.every(({ type }) => type === "InputRefused");
      if (refusals.has(seq)) {
        count("P2M refused");
        if (!refused) return { law: "PF1", seq, text: `${input.type} is not refused` };
      } else if (refused && input.type === "P2mMap") {
        return { law: "PF1", seq, text: `${input.type} is refused for no reason` };
      }
      if (!refused) continue;
      count("refused");
      const isSame = before.owners === after.owners && sameValue(before.guests, after.guests);
      if (!isSame)
        return { law: "PF1", seq, text: `${input.type} is refused and changes something` };
    }
    return undefined;
  },
};
