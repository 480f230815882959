import type { Owners } from "../../tables/p2m.ts";
import { emptyTree } from "../../tables/page-tree.ts";
import type { Space } from "../first-stage/space.ts";
import type { Guest } from "../guest.ts";
import { cacheOf, runsInGuest } from "./save-frames.ts";
import type { SavedSpace } from "./save-guest.ts";
import { refuse } from "./save-text.ts";

/** What a record keeps of a first stage. */
export function savedSpace(stage: Space, owners: Owners, guest: number): SavedSpace {
  if (stage.virtual) return { ...stage, iotlb: [], told: stage.iotlb };
  return { ...stage, iotlb: stage.iotlb.map((tree) => runsInGuest(tree, owners, guest)), told: [] };
}

/** A first stage as a record has it, behind the P2M as it is here. */
export function spaceOf(guest: Guest, saved: SavedSpace): Space {
  const { told, iotlb: runs, ...kept } = saved;
  const { levels } = saved;
  const count = saved.virtual ? told.length : runs.length;
  const fits = told.every((tree) => tree.levels === levels) && saved.tables.length === 5;
  if (count !== 4 || !fits) refuse("a first stage has caches of the wrong size");
  const cached = (index: number) =>
    saved.virtual
      ? (told[index] ?? emptyTree(levels, true))
      : cacheOf(runs[index] ?? [], levels, guest.p2m);
  return { ...kept, iotlb: [0, 1, 2, 3].map(cached) };
}
