import type { Answer } from "./compose.ts";
import type { Resolution } from "./resolve.ts";
import type { FirstExpected } from "./table-answers.ts";
import type { Word } from "./walk.ts";

/** Both accesses to one byte. */
export interface Answers {
  readonly read: Answer;
  readonly write: Answer;
}

/**
 * What is right for one key. `candidates` are the answers that the guest's tables have given since
 * the last invalidations that cover the key, behind the P2M of now; `complete` says that none of
 * them was missed. Where the IOTLB may answer for first-stage tables there are candidates although
 * nothing is pending.
 */
export interface Expected extends Answers {
  readonly pending: boolean;
  readonly complete: boolean;
  readonly candidates: readonly Answers[];
  /** What leads to the page as the entries are now. */
  readonly kind: Resolution["kind"] | "nested" | "off";
  /** Root and context entry as they are now, and directory and PASID entry where they count. */
  readonly path?: readonly (readonly Word[])[];
  /** Walks of the first stage, where it translates; a write may be an interrupt instead. */
  readonly first?: { readonly read: FirstExpected; readonly write: FirstExpected | undefined };
}
