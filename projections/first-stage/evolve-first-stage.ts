import type { FactOf } from "../../events/fact.ts";
import { everyPage } from "../../tables/range.ts";
import type { Evolvers } from "../evolver.ts";
import type { Guest } from "../guest.ts";
import { copyGuest } from "../guest.ts";
import { coveredOfPasid } from "../queue/coverage.ts";
import type { Space } from "./space.ts";
import {
  isEmpty,
  nothingCached,
  rangeForgotten,
  spaceOf,
  tablesCached,
  translationsFlushed,
} from "./space.ts";

/** The guest with one first stage changed. */
export function withSpace(guest: Guest, id: number, change: (space: Space) => Space): Guest {
  const space = guest.spaces[id];
  if (space === undefined) return guest;
  const changed = change(space);
  if (changed === space) return guest;
  const next = copyGuest(guest);
  next.spaces = { ...guest.spaces, [id]: changed };
  return next;
}

function firstStageCreated(guest: Guest, fact: FactOf<"FirstStageCreated">): Guest {
  const next = copyGuest(guest);
  next.spaces = { ...guest.spaces, [fact.space]: spaceOf(fact) };
  next.nextSpace = fact.space + 1;
  return next;
}

function firstStageDropped(guest: Guest, fact: FactOf<"FirstStageDropped">): Guest {
  const { [fact.space]: _dropped, ...spaces } = guest.spaces;
  return { ...guest, spaces };
}

const firstStageTablesCached = (
  guest: Guest,
  fact: FactOf<"FirstStageTablesCached">,
  seq: number,
): Guest => withSpace(guest, fact.space, (space) => tablesCached(space, fact, seq));

/** The guest's first stages without what some of them hold. */
export function spacesForgotten(
  guest: Guest,
  concerned: (space: Space) => boolean,
  forget: (space: Space) => Space = nothingCached,
): Guest {
  let next = guest;
  for (const space of Object.values(guest.spaces)) {
    if (concerned(space) && !isEmpty(space)) next = withSpace(next, space.id, forget);
  }
  return next;
}

/** PASID-based invalidation: entries of one domain-id and PASID, all or those of a range. */
function pasidIotlbInvalidated(guest: Guest, fact: FactOf<"PasidIotlbInvalidated">): Guest {
  const isCovered = (space: Space): boolean => coveredOfPasid(fact, space) !== undefined;
  if (fact.scope === "pasid") return spacesForgotten(guest, isCovered);
  return spacesForgotten(guest, isCovered, (space) =>
    rangeForgotten(space, coveredOfPasid(fact, space) ?? everyPage, fact.leafOnly === true),
  );
}

/** The host flushed its own IOTLB of a first stage. */
export const spaceFlushed = (guest: Guest, id: number): Guest =>
  withSpace(guest, id, translationsFlushed);

/** What facts about first stages do. */
export const firstStageEvolvers: Evolvers = {
  FirstStageCreated: firstStageCreated,
  FirstStageDropped: firstStageDropped,
  FirstStageTablesCached: firstStageTablesCached,
  PasidIotlbInvalidated: pasidIotlbInvalidated,
};
