import type { FactOf } from "../../events/fact.ts";
import type { Evolvers } from "../evolver.ts";
import type { Draft, Guest } from "../guest.ts";
import { coveredOfPasid } from "../queue/evolve-queue.ts";
import type { Space } from "./space.ts";
import {
  isEmpty,
  nothingCached,
  rangeForgotten,
  spaceOf,
  tablesCached,
  translationsFlushed,
} from "./space.ts";

/** Changes one first stage. */
export function changeSpace(
  guest: Draft<Guest>,
  id: number,
  change: (space: Space) => Space,
): void {
  const space = guest.spaces[id];
  if (space === undefined) return;
  const changed = change(space);
  if (changed !== space) guest.spaces = { ...guest.spaces, [id]: changed };
}

function createSpace(guest: Draft<Guest>, fact: FactOf<"FirstStageCreated">): void {
  guest.spaces = { ...guest.spaces, [fact.space]: spaceOf(fact) };
  guest.nextSpace = fact.space + 1;
}

function dropSpace(guest: Draft<Guest>, fact: FactOf<"FirstStageDropped">): void {
  const { [fact.space]: _dropped, ...spaces } = guest.spaces;
  guest.spaces = spaces;
}

const cacheTables = (
  guest: Draft<Guest>,
  fact: FactOf<"FirstStageTablesCached">,
  seq: number,
): void => changeSpace(guest, fact.space, (space) => tablesCached(space, fact, seq));

/** Forgets what a first stage holds, or some of it. */
export function forgetSpace(
  guest: Draft<Guest>,
  space: Space,
  forget: (space: Space) => Space = nothingCached,
): void {
  if (!isEmpty(space)) changeSpace(guest, space.id, forget);
}

/** PASID-based invalidation of one domain-id: of all PASIDs, one, or a range of one. */
function forgetPasid(guest: Draft<Guest>, fact: FactOf<"PasidIotlbInvalidated">): void {
  for (const space of Object.values(guest.spaces)) {
    const covered = coveredOfPasid(fact, space);
    if (covered === undefined) continue;
    if (fact.scope !== "page") forgetSpace(guest, space);
    else forgetSpace(guest, space, (old) => rangeForgotten(old, covered, fact.leafOnly === true));
  }
}

/** The host flushes its own IOTLB of a first stage. */
export const flushSpace = (guest: Draft<Guest>, id: number): void =>
  changeSpace(guest, id, translationsFlushed);

/** What facts about first stages do. */
export const firstStageEvolvers: Evolvers = {
  FirstStageCreated: createSpace,
  FirstStageDropped: dropSpace,
  FirstStageTablesCached: cacheTables,
  PasidIotlbInvalidated: forgetPasid,
};
