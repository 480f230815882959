import { hex } from "../events/address.ts";
import type { Guest } from "../projections/guest.ts";
import { radixForEach } from "../tables/radix.ts";

/** One row a remembered interrupt entry: its 128 bits, and since which event. */
type Rows = Readonly<Record<string, { readonly entry: string; readonly since: number }>>;

/** The interrupt entries that the unit remembers, by index. */
export function interruptRows(guest: Guest): Rows {
  const rows: Record<string, { readonly entry: string; readonly since: number }> = {};
  radixForEach(guest.interruptCache, 0, 0x1_0000, (index, { entry, since }) => {
    rows[index.toString()] = { entry: hex(entry), since };
  });
  return rows;
}
