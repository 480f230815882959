import type { Access } from "../../events/input.ts";
import type { Translation } from "../../machines/translation.ts";
import type { Trail } from "../../projections/provenance.ts";
import type { Use } from "../../projections/use.ts";

/** What a story is about. */
export interface Plot {
  /** Number of the last event before the moment that is explained. */
  readonly at: number;
  readonly iova: bigint;
  readonly access: Access;
  /** The DMA that is explained; `undefined` when it is the state alone. */
  readonly use: Use | undefined;
  readonly walk: Translation;
  readonly trail: Trail;
}

/** How sentences name an event. */
export const eventName = (seq: number): string => `event ${seq.toString()}`;
