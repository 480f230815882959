import { frozen } from "./frozen.ts";

/**
 * What becomes of a read or a write of one page: `ok`, or why not. `hole` is the host's (the P2M
 * grants nothing), the others are the guest's: no permission (5h, 6h), reserved bit (Ch), lower or
 * top table unreadable (7h, 3h), result in the interrupt range (Eh).
 */
export const outcomes = frozen([
  "permission",
  "ok",
  "hole",
  "reserved",
  "access",
  "root",
  "interrupt",
] as const);
/** What becomes of an access. */
export type Outcome = (typeof outcomes)[number];

/** Size of a translation: 2^12, 2^21, 2^30, 2^39, 2^48 bytes. */
export const sizes = frozen(["4K", "2M", "1G", "512G", "256T"] as const);
/** The size of a translation. */
export type Size = (typeof sizes)[number];

/** The outcomes of a read and of a write of one page. */
export interface Outcomes {
  readonly read: Outcome;
  readonly write: Outcome;
}
