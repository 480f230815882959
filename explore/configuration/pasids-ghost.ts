import { hex } from "../../events/address.ts";
import type { Step } from "../../history/step.ts";
import type { Digest } from "../canonical/digest.ts";
import { kinds } from "../canonical/kinds.ts";
import type { Judgement } from "../engine/configuration.ts";
import type { Known } from "./scopes-ghost.ts";
import { known, tellKnown } from "./scopes-ghost.ts";
import { frameOf } from "./small-guest.ts";

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

/** What a request may come to: a guest page, or -1 for a fault. */
function allowed({ entries, leaves }: PasidsGhost, pasid: number): ReadonlySet<number> {
  const all = new Set<number>();
  for (const did of entries[pasid]?.possible ?? []) {
    if (did === 0) all.add(-1);
    else {
      for (const leaf of leaves[did - 1]?.[pasid]?.possible ?? []) {
        all.add(leaf === 0 ? -1 : (firstStages[did - 1]?.page ?? -1));
      }
    }
  }
  return all;
}

const textOf = (page: number): string => (page < 0 ? "a fault" : `guest page ${hex(BigInt(page))}`);

/** Judges each DMA by what may still be used of what the driver wrote. */
export function judgePasids(
  ghost: PasidsGhost,
  steps: readonly Step[],
  count: (name: string) => void,
): Judgement<PasidsGhost> {
  for (const { input, facts } of steps) {
    if (input.type !== "Dma") continue;
    const pasid = pasids.indexOf(input.pasid as (typeof pasids)[number]);
    const landed = facts.find((fact) => fact.type === "DmaLanded");
    const frame = landed?.type === "DmaLanded" ? Number((landed.hpa ?? 0n) >> 12n) : undefined;
    const found = frame === undefined ? -1 : frame - frameOf(0);
    const possible = allowed(ghost, pasid);
    count(found < 0 ? "fault" : "landed");
    if (possible.size > 1) count("one of several");
    if (possible.has(found)) continue;
    const wanted = [...possible].map(textOf).join(" or ");
    return { ghost, wrong: `a DMA comes to ${textOf(found)}, and can only come to ${wanted}` };
  }
  return { ghost };
}

const same = (value: number): number => value;

/** Tells what the ghost knows. */
export function tellPasids(to: Digest, ghost: PasidsGhost): void {
  to.begin(kinds.ghost);
  for (const one of [...ghost.entries, ...ghost.leaves.flat()]) tellKnown(to, one, same);
  to.end();
}
