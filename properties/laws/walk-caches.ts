import { hex } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { Step } from "../../history/step.ts";
import type { FirstExpected } from "../oracle/table-answers.ts";
import type { Law } from "./law.ts";
import type { Probe } from "./probes.ts";
import { sightOf } from "./probes.ts";
import { isRequest } from "./request-keys.ts";
import { find } from "./requests.ts";

/** The address bits of an entry. */
const address = 0xf_ffff_ffff_f000n;

/** The pages that the entries of a walk name, from the root's on, as texts. */
const namedBy = ({ words }: FirstExpected): readonly string[] =>
  words.map(([, value]) => hex((value ?? 0n) & address));

/** Why what a walk is said to leave in the cache is not what it passed, or nothing. */
function check(told: FactOf<"FirstStageTablesCached">, probe: Probe, walk: FirstExpected) {
  const page = Number(told.iova >> 12n);
  if (page !== probe.key.page) return `${hex(page)} is not the page that is asked for`;
  const named = namedBy(walk);
  const from = walk.levels - 1 - told.level;
  const [wanted, found] = [named.slice(from), told.tables.map(hex)];
  // Of a walk that is stopped the last entry may name a table, or nothing.
  const isLeaf = walk.outcome.kind === "page";
  const lengths = isLeaf ? [wanted.length - 1] : [wanted.length - 1, wanted.length];
  const isPrefix = found.every((one, at) => one === wanted[at]);
  if (lengths.includes(found.length) && isPrefix) return undefined;
  return `${found.join(", ")} is cached at level ${told.level} of ${wanted.join(", ")}`;
}

/** Rights that each table's entries on the way leave; nothing where one forbids execution. */
function rightsOf({ words }: FirstExpected): readonly number[] | undefined {
  let left = 7;
  const rights: number[] = [];
  for (const [, value = 0n] of words) {
    // Whether that counts is a matter of the PASID entry.
    if (value >> 63n === 1n) return undefined;
    left &= 4 | Number((value >> 1n) & 3n);
    rights.push(left);
  }
  return rights;
}

/** Why the rights that a walk is said to leave are not those that it passed with, or nothing. */
function checkRights({ rights, level }: FactOf<"FirstStageTablesCached">, walk: FirstExpected) {
  const wanted = rightsOf(walk);
  // What a cached table left may be older than what memory holds.
  if (level !== walk.levels - 1 || wanted === undefined) return undefined;
  const isSame = rights.every((one, at) => one === wanted[at]);
  return isSame ? undefined : `rights ${rights.join()} are cached, not ${wanted.join()}`;
}

const walkOf = ({ expected }: Probe, step: Step): FirstExpected | undefined => {
  const done = find(step.facts, "DmaTranslated") ?? find(step.facts, "DmaBlocked");
  return done && expected.first?.[done.access];
};

export const walksAreRemembered: Law = {
  id: "FS8",
  says:
    "A walk of a first stage from its root leaves the tables that it passed in the cache, as its " +
    "entries name them.",
  sometimes: ["cached", "saved by a cache"],
  check(run, count) {
    const { asked } = sightOf(run);
    for (const step of run.steps) {
      const probe = asked.get(step.seq);
      if (probe === undefined || !isRequest(step.input) || probe.expected.pending) continue;
      const walk = walkOf(probe, step);
      if (walk === undefined) continue;
      const violation = (text: string) => ({ law: "FS8", seq: step.seq, text });
      const told = find(step.facts, "FirstStageTablesCached");
      if (told === undefined) {
        const isFromRoot = !walk.cached && walk.lowest > walk.levels;
        const isWalked = find(step.facts, "DmaTranslated") !== undefined;
        if (isFromRoot && isWalked && walk.words.length > 1) {
          return violation("nothing is cached of a walk from the root");
        }
        count("saved by a cache");
        continue;
      }
      count("cached");
      const text = check(told, probe, walk) ?? checkRights(told, walk);
      if (text !== undefined) return violation(text);
    }
    return undefined;
  },
};
