import type { World } from "../projections/world.ts";
import type { GuestSummary } from "./summary.ts";
import { summarise } from "./summary.ts";
import { summaryOfPasid } from "./summary-pasid.ts";
import type { Row, Value } from "./summary-rows.ts";

/** One value or row that is not the same in two worlds; `undefined` where it does not exist. */
export interface Change {
  readonly guest: number;
  /** The table, or "" for a single value. */
  readonly table: string;
  readonly key: string;
  readonly from: Row | Value | undefined;
  readonly to: Row | Value | undefined;
}

const sameRow = (a: Row | undefined, b: Row | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  Object.keys({ ...a, ...b }).every((column) => a[column] === b[column]);

/** What differs between two summaries of one guest. */
function guestChanges(guest: number, from: GuestSummary, to: GuestSummary): Change[] {
  const changes: Change[] = [];
  for (const key of Object.keys(to.values)) {
    const [before, after] = [from.values[key], to.values[key]];
    if (before !== after) changes.push({ guest, table: "", key, from: before, to: after });
  }
  for (const table of Object.keys({ ...from.tables, ...to.tables })) {
    const [before, after] = [from.tables[table] ?? {}, to.tables[table] ?? {}];
    for (const key of Object.keys({ ...before, ...after })) {
      const [old, now] = [before[key], after[key]];
      if (!sameRow(old, now)) changes.push({ guest, table, key, from: old, to: now });
    }
  }
  return changes;
}

/**
 * What differs between two worlds with the same guests: as `summarise` shows them.
 *
 * @param pasid  tells of this PASID alone, when given.
 */
export const changesBetween = (from: World, to: World, pasid?: number): readonly Change[] =>
  to.guests.flatMap((guest, index) => {
    const before = from.guests[index];
    if (before === undefined || before === guest) return [];
    const summaries = [summarise(before), summarise(guest)] as const;
    const [old, now] =
      pasid === undefined ? summaries : summaries.map((one) => summaryOfPasid(one, pasid));
    return old === undefined || now === undefined ? [] : guestChanges(index, old, now);
  });
