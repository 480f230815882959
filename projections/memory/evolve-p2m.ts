import { pageOf, pagesFrom } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import type { P2m } from "../../tables/mapping.ts";
import { sizeCode } from "../../tables/mapping.ts";
import { dropPage } from "../../tables/memory.ts";
import { mapPages, p2mMapping, protectPages, unmapPages } from "../../tables/p2m.ts";
import { radixForEach } from "../../tables/radix.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { markReadability } from "./pending-marks.ts";

/** A change of the P2M. */
export type P2mFact = FactOf<"P2mMapped"> | FactOf<"P2mUnmapped"> | FactOf<"P2mProtected">;

/** The P2M once a fact took effect. */
export function p2mAfter(p2m: P2m, fact: P2mFact): P2m {
  const { first, end } = pagesFrom(fact.gpa, fact.length);
  if (fact.type === "P2mUnmapped") return unmapPages(p2m, first, end);
  if (fact.type === "P2mProtected") return protectPages(p2m, first, end, fact.read, fact.write);
  const size = sizeCode(fact.pageSize);
  return mapPages(p2m, first, end, p2mMapping(pageOf(fact.hpa), fact.read, fact.write, size));
}

/** Changes the P2M: what walks may read now is marked, what the guest lost is forgotten. */
function changeP2m(guest: Draft<Guest>, fact: P2mFact, seq: number): void {
  const { first, end } = pagesFrom(fact.gpa, fact.length);
  const before = guest.p2m;
  guest.p2m = p2mAfter(before, fact);
  markReadability(guest, before, first, end, seq);
  if (fact.type === "P2mUnmapped") loseContents(guest, first, end);
}

/** What facts about the P2M do. */
export const p2mEvolvers: Evolvers = {
  P2mMapped: changeP2m,
  P2mUnmapped: changeP2m,
  P2mProtected: changeP2m,
};

/** Forgets the contents of pages that the guest lost. */
export function loseContents(guest: Draft<Guest>, first: number, end: number): void {
  let memory = guest.memory;
  const drop = (gfn: number): void => {
    memory = dropPage(memory, gfn);
  };
  radixForEach(guest.memory.visible, first, end, drop);
  radixForEach(guest.memory.buffered, first, end, drop);
  radixForEach(guest.memory.ahead, first, end, drop);
  guest.memory = memory;
}
