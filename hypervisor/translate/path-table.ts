import type { ContextTable } from "../../projections/context/context-table.ts";

/** Tables that a walk reads. */
export type PathTable = ContextTable["name"] | "first stage" | "second stage";
