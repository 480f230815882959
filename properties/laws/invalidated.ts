import { isDeepStrictEqual } from "node:util";
import { hex, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { evolve } from "../../projections/evolve.ts";
import type { Guest } from "../../projections/guest.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { pagesOfSize, sizeOf } from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { capacity, get } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import type { Count, Law } from "./law.ts";
import { guestIndex, momentsOf } from "./run.ts";

type Invalidation = FactOf<"IotlbInvalidated">;

/** Everything that a guest's translations are cached in, with its domain-id. */
const cachesOf = (guest: Guest): readonly (readonly [number, PageTree])[] => [
  ...shadowsOf(guest).map((shadow) => [shadow.did, shadow.iotlb] as const),
  ...guest.virtualCaches.map(({ did, entries }) => [did, entries] as const),
];

/** The pages that an invalidation covers in one domain. */
export function coveredPages(
  fact: Invalidation,
  did: number,
): readonly [number, number] | undefined {
  const all = [0, Number.MAX_SAFE_INTEGER] as const;
  if (fact.scope === "global") return all;
  if (fact.did !== did) return undefined;
  if (fact.scope === "domain") return all;
  const first = pageOf(fact.iova ?? 0n);
  return [first, first + pageOf(fact.length ?? 0n)];
}

/**
 * A cached entry whose pages, all of them, meet a range; what is left of one counts as the entry.
 */
export function cachedIn(tree: PageTree, first: number, end: number): number | undefined {
  let found: number | undefined;
  forEachSlot(tree, 0, capacity(tree), (page, count, value) => {
    const block = pagesOfSize[sizeOf(value)] as number;
    const low = page - (page % block);
    const last = page + count - 1;
    const high = last - (last % block) + block;
    if (low < end && first < high) found ??= page;
  });
  return found;
}

/** Whether everything that one cache holds is held by another, and is the same there. */
function isSubset(small: PageTree, large: PageTree): boolean {
  let subset = true;
  forEachSlot(small, 0, capacity(small), (page, count, value) => {
    const same = get(large, page) === value;
    const lastSame = get(large, page + count - 1) === get(small, page + count - 1);
    if (!same || !lastSame) subset = false;
  });
  return subset;
}

const wide = (fact: Invalidation): Invalidation => {
  const { guest } = fact;
  return { type: "IotlbInvalidated", scope: "global", ...(guest === undefined ? {} : { guest }) };
};

/** What is cached after one more invalidation. */
const cachedAfter = (world: World, fact: Invalidation) => {
  const guest = evolve(world, fact).guests[guestIndex(fact)];
  return guest === undefined ? [] : cachesOf(guest).map(([, tree]) => tree);
};

function countScope(fact: Invalidation, count: Count): void {
  count(fact.scope);
  if (fact.leafOnly === true) count("leaves only");
}

export const nothingStaysCached: Law = {
  id: "IV2",
  says:
    "After an IOTLB invalidation no cached second-stage translation is left that it covers, not " +
    "even in part.",
  sometimes: ["global", "domain", "page", "leaves only", "dropped"],
  check(run, count) {
    for (const { fact, before, after, seq } of momentsOf(run)) {
      if (fact?.type !== "IotlbInvalidated") continue;
      const [was, guest] = [before.guests[guestIndex(fact)], after.guests[guestIndex(fact)]];
      if (guest === undefined || was === undefined) continue;
      countScope(fact, count);
      for (const [did, tree] of cachesOf(guest)) {
        const covered = coveredPages(fact, did);
        if (covered === undefined || tree.root === 0) continue;
        const page = cachedIn(tree, ...covered);
        if (page === undefined) continue;
        return { law: "IV2", seq, text: `page ${hex(page)} of domain ${did} is still cached` };
      }
      const emptied = (tree: PageTree, index: number): boolean =>
        tree !== cachesOf(guest)[index]?.[1];
      if (cachesOf(was).some(([, tree], index) => emptied(tree, index))) count("dropped");
    }
    return undefined;
  },
};

export const invalidatingTwice: Law = {
  id: "IV3",
  says:
    "An IOTLB invalidation done twice leaves what it leaves once, and a global one after it " +
    "leaves a part of that.",
  sometimes: ["something left"],
  check(run, count) {
    for (const { fact, after, seq } of momentsOf(run)) {
      if (fact?.type !== "IotlbInvalidated") continue;
      const guest = after.guests[guestIndex(fact)];
      if (guest === undefined) continue;
      const once = cachesOf(guest).map(([, tree]) => tree);
      if (once.every((tree) => tree.root === 0)) continue;
      count("something left");
      const again = cachedAfter(after, fact);
      if (!isDeepStrictEqual(once, again)) {
        return { law: "IV3", seq, text: "the same invalidation again drops more" };
      }
      const wider = cachedAfter(after, wide(fact));
      if (!wider.every((tree, index) => isSubset(tree, once[index] ?? tree))) {
        return { law: "IV3", seq, text: "a global invalidation leaves what this one dropped" };
      }
    }
    return undefined;
  },
};
