import type { ContextTable } from "../../projections/context/context-table.ts";
import { tablesOf } from "../../projections/context/context-table.ts";

/** Tables that a walk reads. */
export type PathTable = ContextTable["name"] | "first stage" | "second stage";

/** Bytes of one entry of a table, in scalable mode or in legacy mode. */
export function entryBytes(table: PathTable, scalable: boolean): number {
  const found = tablesOf(scalable).find(({ name }) => name === table);
  return found === undefined ? 8 : found.length * 4;
}
