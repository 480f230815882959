import type { EntryWrite } from "../../history/entry-write.ts";
import type { EntryTrail } from "../../history/provenance.ts";

/** Index of the last change that gave an entry what it says, or -1. */
export const lastIndex = ({ entry, writes }: EntryTrail): number =>
  writes.findLastIndex(({ by }) => entry.table !== "first stage" || by !== "unit");

/** The last change that gave an entry what it says: accessed and dirty bits say nothing. */
export const lastWrite = (trail: EntryTrail | undefined): EntryWrite | undefined =>
  trail?.writes[lastIndex(trail)];
