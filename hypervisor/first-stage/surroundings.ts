import type { CachedTable } from "../../projections/first-stage/space.ts";
import type { Mapping } from "../../tables/mapping.ts";
import type { WalkStep } from "../shadow/walk-second-stage.ts";

/**
 * The second stage under a nested first stage: where one of its pages lies in guest memory.
 * `undefined` for a page beyond its width.
 */
export type SecondStageAt = (page: number) => Mapping | undefined;

/** Accessed, dirty and extended accessed bits to be set in a first-stage entry: its low half. */
export interface Update {
  /** Guest page, and which of its 512 entries. */
  readonly gfn: number;
  readonly index: number;
  readonly low: number;
  readonly high: number;
}

/** What a first-stage walk leaves behind when a request makes it. */
export interface Traces {
  /** Entries whose bits it sets, from the top down; also of a walk that is blocked later. */
  readonly updates: Update[];
  /** Tables that present entries named, from the top down, and the rights left there. */
  readonly tables: CachedTable[];
  /** The level of the table that was read first. */
  readonly from: number;
}

/** What a first-stage walk is given besides the request. */
export interface Surroundings {
  /** The second stage under it; missing for a first stage alone. */
  readonly second?: SecondStageAt | undefined;
  /** The deepest table on the way that is cached; the walk begins there. */
  readonly from?: { readonly level: number; readonly table: CachedTable } | undefined;
  /** Takes what the walk leaves behind. */
  readonly traces?: Traces;
  /** Told of each first-stage entry read. */
  readonly step?: ((step: WalkStep) => void) | undefined;
}
