import type { Bug } from "./bug.ts";

/** What went wrong, in general: the headings of the list of them. */
export const kinds = {
  check: "What must be refused, or must not",
  decoding: "What a field says, and how far it reaches",
  scope: "What an invalidation covers",
  staleness: "What is kept too long",
  permission: "Who may do what",
  report: "What software is told",
  life: "Enabling, disabling, resetting, restoring",
} as const;
export type Kind = keyof typeof kinds;

/** A mistake that was made in a real implementation, in the form that it would take here. */
export interface HistoricBug extends Bug {
  /** Who made it, and the change or number by which it can be looked up. */
  readonly reference: string;
  /** What the architecture, or whoever owns the memory, demands instead. */
  readonly rule: string;
  readonly kind: Kind;
  /** The rule whose example test catches it, where no law does over random worlds. */
  readonly example?: string;
}
