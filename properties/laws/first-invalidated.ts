import { isDeepStrictEqual } from "node:util";
import { hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Space } from "../../projections/first-stage/space.ts";
import { isEmpty } from "../../projections/first-stage/space.ts";
import type { Guest } from "../../projections/guest.ts";
import { radixForEach } from "../../tables/radix.ts";
import { cachedIn } from "./invalidated.ts";
import type { Law } from "./law.ts";
import type { Moment } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

type PasidInvalidation = FactOf<"PasidIotlbInvalidated">;

/** An invalidation of either kind; both cover first stages. */
export type AnyInvalidation = FactOf<"IotlbInvalidated"> | PasidInvalidation;

type Pages = readonly [first: number, end: number];

const everyPage: Pages = [0, 2 ** 52];

/** The pages of a first stage that an invalidation covers. */
export function coveredFirst(
  fact: AnyInvalidation,
  stage: Pick<Space, "did" | "pasid">,
): Pages | undefined {
  if (fact.scope === "global") return everyPage;
  if (fact.did !== stage.did) return undefined;
  // Whatever its range: a second stage is part of what is cached under nesting.
  if (fact.type === "IotlbInvalidated") return everyPage;
  if (fact.scope === "domain") return everyPage;
  if (fact.pasid !== stage.pasid) return undefined;
  if (fact.scope === "pasid") return everyPage;
  const first = pageOf(fact.iova ?? 0n);
  return [first, first + pageOf(fact.length ?? 0n)];
}

/** The same as indices in tables of so many levels, where sign bits are left out: two runs. */
function indicesOf(levels: number, [first, end]: Pages): readonly Pages[] {
  const half = 512 ** levels / 2;
  const gap = 2 ** 52 - 2 * half;
  const runs: readonly Pages[] = [
    [first, Math.min(end, half)],
    [Math.max(first - gap, half), end - gap],
  ];
  return runs.filter(([low, high]) => low < high);
}

/** What is left of a first stage in some of its pages, for people. */
function leftIn(stage: Space, run: Pages, leafOnly: boolean): string | undefined {
  for (const tree of stage.iotlb) {
    const page = tree.root === 0 ? undefined : cachedIn(tree, ...run);
    if (page !== undefined) return `page ${hex(page)}`;
  }
  if (leafOnly) return undefined;
  let found: string | undefined;
  for (const [level, tables] of stage.tables.entries()) {
    radixForEach(tables, 0, Number.MAX_SAFE_INTEGER, (prefix) => {
      const first = prefix * 512 ** level;
      if (first < run[1] && run[0] < first + 512 ** level) found ??= `a table of level ${level}`;
    });
  }
  return found;
}

/** What an invalidation should have dropped and has not. */
function leftOf(guest: Guest, fact: AnyInvalidation): string | undefined {
  const leafOnly = fact.type === "PasidIotlbInvalidated" && fact.leafOnly === true;
  for (const stage of Object.values(guest.spaces)) {
    const covered = coveredFirst(fact, stage);
    if (covered === undefined || isEmpty(stage)) continue;
    for (const run of indicesOf(stage.levels, covered)) {
      const left = leftIn(stage, run, leafOnly);
      if (left === undefined) continue;
      return `${left} of domain ${stage.did}, PASID ${hex(stage.pasid)} is still cached`;
    }
  }
  return undefined;
}

/** What a PASID-based invalidation has changed beyond its domain-id and PASID. */
function otherOf(was: Guest, now: Guest, fact: PasidInvalidation): string | undefined {
  if (was.shadows !== now.shadows) return "a second stage's translations";
  if (was.virtualCaches !== now.virtualCaches) return "what device models were told";
  if (was.passThroughCache !== now.passThroughCache) return "what passes through";
  const other = Object.values(was.spaces).find(
    (stage) => coveredFirst(fact, stage) === undefined && now.spaces[stage.id] !== stage,
  );
  return other === undefined ? undefined : `domain ${other.did}, PASID ${hex(other.pasid)}`;
}

const isInvalidation = (fact: Moment["fact"]): fact is AnyInvalidation =>
  fact?.type === "IotlbInvalidated" || fact?.type === "PasidIotlbInvalidated";

/** Every IOTLB invalidation of a run, with the guest before and after it. */
function* invalidationsOf(moments: readonly Moment[]) {
  for (const { fact, before, after, seq } of moments) {
    if (!isInvalidation(fact)) continue;
    const [was, now] = [before.guests[guestIndex(fact)], after.guests[guestIndex(fact)]];
    if (was !== undefined && now !== undefined) yield { fact, was, now, after, seq };
  }
}

export const noFirstStageStays: Law = {
  id: "IV6",
  says:
    "After an invalidation nothing is cached of first stages that it covers; a PASID-based one " +
    "drops nothing of a second stage or another PASID.",
  sometimes: ["dropped by domain", "dropped by PASID", "dropped by page", "tables stay", "apart"],
  check(run, count) {
    for (const { fact, was, now, seq } of invalidationsOf(momentsOf(run))) {
      const violation = (text: string) => ({ law: "IV6", seq, text });
      const left = leftOf(now, fact);
      if (left !== undefined) return violation(left);
      const by = fact.type === "IotlbInvalidated" ? "domain" : fact.scope;
      if (was.spaces !== now.spaces) count(`dropped by ${by === "pasid" ? "PASID" : by}`);
      const stages = Object.values(now.spaces);
      if (fact.type !== "PasidIotlbInvalidated") continue;
      const tables = stages.some(
        (stage) => coveredFirst(fact, stage) !== undefined && !isEmpty(stage),
      );
      if (fact.leafOnly === true && tables) count("tables stay");
      if (stages.some((stage) => coveredFirst(fact, stage) === undefined && !isEmpty(stage))) {
        count("apart");
      }
      const other = otherOf(was, now, fact);
      if (other !== undefined) return violation(`a PASID-based invalidation changes ${other}`);
    }
    return undefined;
  },
};

export const firstStagesOnce: Law = {
  id: "IV7",
  says:
    "Invalidating first stages twice is invalidating them once, and after all of a PASID nothing " +
    "is left of it.",
  sometimes: ["something left"],
  check(run, count) {
    for (const { fact, now, after, seq } of invalidationsOf(momentsOf(run))) {
      if (Object.values(now.spaces).every(isEmpty)) continue;
      count("something left");
      const index = guestIndex(fact);
      const again = evolve(after, fact).guests[index];
      if (!isDeepStrictEqual(again?.spaces, now.spaces)) {
        return { law: "IV7", seq, text: "the same invalidation again drops more" };
      }
      if (fact.type !== "PasidIotlbInvalidated") continue;
      const { did, pasid, guest } = fact;
      const all = {
        ...(guest === undefined ? {} : { guest }),
        did,
        ...(pasid === undefined
          ? { scope: "domain" as const }
          : { scope: "pasid" as const, pasid }),
      };
      const wider = evolve(after, { type: "PasidIotlbInvalidated", ...all }).guests[index];
      const left = wider && leftOf(wider, { type: "PasidIotlbInvalidated", ...all });
      if (left !== undefined) return { law: "IV7", seq, text: left };
    }
    return undefined;
  },
};
