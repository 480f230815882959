import type { Announcement } from "./announcement.ts";
import type { NearMiss } from "./near-miss.ts";

/** A change of an entry. */
export interface EntryWrite {
  /** Number of the input that changed it. */
  readonly seq: number;
  readonly by: "cpu" | "flush" | "buffer" | "early" | "device" | "unit" | "host";
  readonly from: bigint;
  readonly to: bigint;
  /**
   * Whether the unit may use what it knew before until it is told: not of a first-stage entry that
   * was not present, nor of what the unit changed itself, nor without caching mode of what faulted.
   */
  readonly needed: boolean;
  /** The first fact after it that covered it; `undefined` while there is none. */
  readonly announced: Announcement | undefined;
  /** The invalidation before that which almost covered it. */
  readonly missed?: NearMiss;
}
