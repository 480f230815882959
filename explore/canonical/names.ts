import type { Renaming } from "./renaming.ts";

/** New names for old ones. */
export interface Names {
  readonly source: (source: number) => number;
  readonly did: (did: number) => number;
  readonly gfn: (gfn: number) => number;
  readonly hfn: (hfn: number) => number;
  readonly iova: (page: number) => number;
}

const same = (name: number): number => name;

const lookUp = (known: ReadonlyMap<number, number>) =>
  known.size === 0 ? same : (name: number): number => known.get(name) ?? name;

/** Names as a renaming gives them. */
export const namesOf = ({ source, did, gfn, hfn, iova }: Renaming): Names => ({
  source: lookUp(source),
  did: lookUp(did),
  gfn: lookUp(gfn),
  hfn: lookUp(hfn),
  iova: lookUp(iova),
});
