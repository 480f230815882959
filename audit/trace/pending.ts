import type { Change } from "./driver-context.ts";
import { overlaps } from "./reach.ts";

/** Unmappings of which something is not covered, to be found by their pages. */
export interface Pending {
  readonly add: (change: Change) => void;
  readonly delete: (change: Change) => void;
  /** Those that share an IOVA with a change. */
  readonly at: (change: Change) => Iterable<Change>;
  readonly all: () => Iterable<Change>;
}

/** Changes of more pages are looked for one by one. */
const indexed = 512n;

/** The pages of a change; `undefined` when they are too many. */
function pagesOf({ seen }: Change): readonly bigint[] | undefined {
  const [first, end] = [seen.first >> 12n, (seen.end + 4095n) >> 12n];
  if (end - first > indexed) return undefined;
  return Array.from({ length: Number(end - first) }, (_, at) => first + BigInt(at));
}

/** No unmappings so far. */
export function startPending(): Pending {
  const all = new Set<Change>();
  const large = new Set<Change>();
  const byPage = new Map<bigint, Set<Change>>();
  const overlapping = (among: Iterable<Change>, change: Change): readonly Change[] =>
    [...among].filter((one) => overlaps(one.seen, change.seen));
  return {
    add: (change) => {
      all.add(change);
      const pages = pagesOf(change);
      if (pages === undefined) large.add(change);
      for (const page of pages ?? []) {
        const here = byPage.get(page) ?? new Set();
        byPage.set(page, here);
        here.add(change);
      }
    },
    delete: (change) => {
      all.delete(change);
      large.delete(change);
      for (const page of pagesOf(change) ?? []) {
        const here = byPage.get(page);
        here?.delete(change);
        if (here?.size === 0) byPage.delete(page);
      }
    },
    at: (change) => {
      const pages = pagesOf(change);
      if (pages === undefined) return overlapping(all, change);
      const found = new Set(overlapping(large, change));
      for (const page of pages) for (const one of byPage.get(page) ?? []) found.add(one);
      return found;
    },
    all: () => all,
  };
}
