import { hex } from "../events/address.ts";
import type { GuestSummary } from "./summary.ts";
import type { Rows } from "./summary-rows.ts";

/** The rows that `isKept` picks. */
const filtered = (rows: Rows, isKept: (key: string) => boolean): Rows =>
  Object.fromEntries(Object.entries(rows).filter(([key]) => isKept(key)));

/**
 * What a summary says of one PASID: host entries that read its PASID entry (also those of requests
 * without PASID, whose RID_PASID it is), what is cached of its first stages, its shadows, faults,
 * what devices hold of it, its groups of page requests.
 */
export function summaryOfPasid({ tables }: GuestSummary, pasid: number): GuestSummary {
  const wanted = hex(pasid);
  const shadows = new Set<string>();
  for (const row of Object.values(tables["hostEntries"] ?? {})) {
    const { shadow } = row;
    if (row["pasid"] === wanted && shadow !== undefined) shadows.add(shadow.toString());
  }
  const ofShadows = new Set(["shadows", "shadowMappings", "pending", "iotlb"]);
  const kept: Record<string, Rows> = {};
  for (const [name, rows] of Object.entries(tables)) {
    const some = filtered(rows, (key) => {
      if (ofShadows.has(name)) return shadows.has(key.split(":", 1)[0] ?? "");
      return rows[key]?.["pasid"] === wanted;
    });
    if (Object.keys(some).length > 0) kept[name] = some;
  }
  return { values: {}, tables: kept };
}
