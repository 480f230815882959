import type { Profile } from "../../events/profile/profile.ts";
import type { Trail } from "../../history/provenance.ts";
import type { PlaceFact, Use } from "../../history/use.ts";
import type { Translation } from "../../hypervisor/translate/three-answers.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import type { Regime } from "./regime.ts";
import type { Request } from "./request.ts";

/** What a story is about. */
export interface Plot {
  /** Number of the last event before the moment that is explained. */
  readonly at: number;
  readonly request: Request;
  /** The DMA that is explained; `undefined` when it is the state alone. */
  readonly use: Use | undefined;
  readonly walk: Translation;
  readonly trail: Trail;
  /** All facts about the page and its device's host entry, the last one last. */
  readonly facts: readonly PlaceFact[];
  readonly regime: Regime;
  readonly profile: Profile | undefined;
  /** What the host has for such requests. */
  readonly host: HostEntry | undefined;
  /** How translation was turned off, where that is the case and no DMA is explained. */
  readonly off: { readonly seq: number; readonly before: number } | undefined;
}

/** How sentences name an event. */
export const eventName = (seq: number): string => `event ${seq.toString()}`;
