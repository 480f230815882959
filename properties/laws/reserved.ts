import { hex, pageOf } from "../../events/address.ts";
import type { Fact } from "../../events/fact.ts";
import type { Guest } from "../../projections/guest.ts";
import { frameOf, hasFrame, ok, readCode, writeCode } from "../../tables/mapping.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import type { Count, Law } from "./law.ts";
import type { Run } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** Pages from `first` up to `end`, not included. */
interface Pages {
  readonly first: number;
  readonly end: number;
}

const overlaps = (a: Pages, b: Pages): boolean => a.first < b.end && b.first < a.end;

/** What is left of some pages outside a range. */
const without = (pages: Pages, { first, end }: Pages): readonly Pages[] =>
  [
    { first: pages.first, end: Math.min(pages.end, first) },
    { first: Math.max(pages.first, end), end: pages.end },
  ].filter((part) => part.end > part.first);

/** The pages of every guest's regions, of guests that have any. */
function untouchedAtStart({ setup }: Run): Map<number, readonly Pages[]> {
  const regions = setup.guests.map(({ rmrr }, index) => {
    const pages = (rmrr ?? []).map(({ base, end }) => {
      return { first: pageOf(base), end: pageOf(end + 1n) };
    });
    return [index, pages] as const;
  });
  return new Map(regions.filter(([, pages]) => pages.length > 0));
}

/** The pages that the toolstack changes by a fact. */
function touchedBy(fact: Fact | undefined): Pages | undefined {
  if (fact?.type !== "P2mMapped" && fact?.type !== "P2mUnmapped" && fact?.type !== "P2mProtected")
    return undefined;
  return { first: pageOf(fact.gpa), end: pageOf(fact.gpa + fact.length) };
}

/** A page that is not mapped to itself. */
function strayPage(guest: Guest, { first, end }: Pages): number | undefined {
  let next = first;
  forEachSlot(guest.p2m, first, end, (page, count, value) => {
    const isItself = hasFrame(value) && frameOf(value) === page;
    const grants = readCode(value) === ok && writeCode(value) === ok;
    if (page === next && isItself && grants) next = page + count;
  });
  return next === end ? undefined : next;
}

function lookAt(guest: Guest | undefined, all: readonly Pages[], seq: number, count: Count) {
  for (const pages of guest === undefined ? [] : all) {
    count("page", pages.end - pages.first);
    const page = guest && strayPage(guest, pages);
    if (page === undefined) continue;
    const text = `guest ${guest?.index ?? 0}: reserved page ${hex(page)} is not mapped to itself`;
    return { law: "RM1", seq, text };
  }
  return undefined;
}

export const reservedPagesStay: Law = {
  id: "RM1",
  says:
    "While the toolstack leaves it alone, every page of a reserved region is mapped to itself in " +
    "the P2M.",
  sometimes: ["page", "touched"],
  check(run, count) {
    const untouched = untouchedAtStart(run);
    if (untouched.size === 0) return undefined;
    for (const [index, pages] of untouched) {
      const found = lookAt(run.start.guests[index], pages, 0, count);
      if (found !== undefined) return found;
    }
    for (const { fact, before, after, seq } of momentsOf(run)) {
      const touched = touchedBy(fact);
      const index = fact === undefined ? 0 : guestIndex(fact);
      const old = untouched.get(index);
      if (touched !== undefined && old !== undefined) {
        if (old.some((pages) => overlaps(pages, touched))) count("touched");
        untouched.set(
          index,
          old.flatMap((pages) => without(pages, touched)),
        );
      }
      for (const [at, pages] of untouched) {
        const guest = after.guests[at];
        if (guest?.p2m === before.guests[at]?.p2m) continue;
        const found = lookAt(guest, pages, seq, count);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  },
};
