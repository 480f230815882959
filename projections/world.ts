import type { Owners } from "../tables/p2m.ts";
import { emptyTree } from "../tables/page-tree.ts";
import type { Guest } from "./guest.ts";

/** Everything that is the case after an event. Immutable: any earlier world stays valid. */
export interface World {
  /** Number of the last event; the first is 1. */
  readonly seq: number;
  readonly guests: readonly Guest[];
  /** Which guest page each host frame belongs to. */
  readonly owners: Owners;
}

/** A world of guests that have nothing yet. */
export const emptyWorld = (guests: readonly Guest[]): World => ({
  seq: 0,
  guests,
  owners: emptyTree(5, true),
});
