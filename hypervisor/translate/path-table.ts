import type { ContextTable } from "../../projections/context/context-table.ts";
import { bytesOfTable } from "../../projections/context/context-table.ts";

/** Tables that a walk reads. */
export type PathTable = ContextTable["name"] | "first stage" | "second stage";

/** Bytes of one entry of a table, in scalable mode or in another. */
export const entryBytes = (table: PathTable, scalable: boolean): number =>
  bytesOfTable(table, scalable);
