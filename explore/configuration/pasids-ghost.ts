import type { InputOf } from "../../events/input.ts";
import type { Step } from "../../history/step.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Judgement } from "../engine/configuration.ts";
import type { Known } from "./known-entries.ts";
import { judgeDma, known, reachable, tellKnown } from "./known-entries.ts";

/** A domain that has a first stage of four levels, from the top. */
export interface FirstStage {
  readonly did: number;
  readonly tables: readonly [number, number, number, number];
  /** The guest page that its one address is mapped to. */
  readonly page: number;
}

export const firstStages: readonly FirstStage[] = [
  { did: 1, tables: [3, 4, 5, 6], page: 16 },
  { did: 2, tables: [7, 8, 12, 13], page: 17 },
];

/** PASIDs in one table: the driver changes the entry of the first; the other has domain 1. */
export const pasids = [0x40, 0x41] as const;
const other = 1;

/** What the driver wrote and announced. */
export interface PasidsGhost {
  /** By PASID: the domain-id that its entry names, or 0 when it is not present. */
  readonly entries: readonly Known[];
  /** By domain and PASID: 1 where the first stage maps its page. A page is cached by PASID. */
  readonly leaves: readonly (readonly Known[])[];
}

/** The first PASID has no entry; no domain has a page. */
export const pasidsStart: PasidsGhost = {
  entries: [known(0), known(other)],
  leaves: firstStages.map(() => pasids.map(() => known(0))),
};

/** Judges each DMA by what may still be used of what the driver wrote. */
export function judgePasids(
  ghost: PasidsGhost,
  steps: readonly Step[],
  count: (name: string) => void,
): Judgement<PasidsGhost> {
  const { entries, leaves } = ghost;
  const allowed = ({ pasid }: InputOf<"Dma">): ReadonlySet<number> => {
    const index = pasids.indexOf(pasid as (typeof pasids)[number]);
    return reachable(
      entries[index],
      (did) => leaves[did - 1]?.[index],
      (did) => firstStages[did - 1]?.page,
    );
  };
  return judgeDma(ghost, steps, allowed, count);
}

const same = (value: number): number => value;

/** Tells what the ghost knows. */
export function tellPasids(to: Digest, ghost: PasidsGhost): void {
  to.begin(kinds.ghost);
  for (const one of [...ghost.entries, ...ghost.leaves.flat()]) tellKnown(to, one, same);
  to.end();
}
