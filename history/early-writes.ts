import type { Guest } from "../projections/guest.ts";
import type { EntryWrite } from "./entry-write.ts";
import type { Place } from "./path-entry.ts";
import type { Trail } from "./provenance.ts";
import { isKept, withNewest } from "./provenance.ts";
import type { LateWrites } from "./unseen.ts";
import { unseenAt } from "./unseen.ts";
import { entrySeen, sightOf } from "./walk-path.ts";

/** For each entry of a path: a write that the unit saw before it was flushed, or `undefined`. */
export type EarlyWrites = readonly (EntryWrite | undefined)[];

/**
 * What the unit saw of the entries of a path before it was flushed.
 *
 * @param before  the guest as its log has it.
 * @param guest   as the recorded outcome of a DMA shows it.
 */
export function earlyWrites(
  place: Place,
  before: Guest | undefined,
  guest: Guest | undefined,
  late: LateWrites,
): EarlyWrites {
  if (before === undefined || before === guest) return [];
  return place.entries.map((entry) => {
    const [from, to] = [entrySeen(before, entry), entrySeen(guest, entry)];
    if (from === to) return undefined;
    const { address, words, table } = entry;
    const { seq = 0 } = unseenAt(late, before, address, words, sightOf(table)) ?? {};
    const needed = isKept(before, place, entry, from);
    return { seq, by: "early", from, to, needed, announced: undefined };
  });
}

/** A trail with what the unit saw early of its entries, as the last of their writes. */
export const withEarly = (trail: Trail, early: EarlyWrites): Trail => ({
  ...trail,
  entries: trail.entries.map((one, index) => {
    const write = early[index];
    return write === undefined ? one : { ...one, writes: withNewest(one.writes, write) };
  }),
});
