import type { Access } from "../../events/input.ts";
import type { Translation } from "../../machines/translation.ts";
import type { Trail } from "../../projections/provenance.ts";
import type { PlaceFact, Use } from "../../projections/use.ts";
import type { Regime } from "./regime.ts";

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
  /** All facts about the page and its device's host entry, the last one last. */
  readonly facts: readonly PlaceFact[];
  readonly regime: Regime;
  /** How translation was turned off, where that is the case and no DMA is explained. */
  readonly off: { readonly seq: number; readonly before: number } | undefined;
}

/** How sentences name an event. */
export const eventName = (seq: number): string => `event ${seq.toString()}`;
