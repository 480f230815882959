import type { Bug } from "./bug.ts";

/** What went wrong, in general. */
export type Kind = "check" | "decoding" | "scope" | "staleness" | "permission" | "report" | "life";

/** A mistake that was made in a real implementation, in the form that it would take here. */
export interface HistoricBug extends Bug {
  /** Who made it, and the change or number by which it can be looked up. */
  readonly reference: string;
  /** What the architecture, or whoever owns the memory, demands instead. */
  readonly rule: string;
  readonly kind: Kind;
}
