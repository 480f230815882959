import type { Iova, SourceId } from "../events/address.ts";
import type { Access } from "../events/input.ts";
import type { Profile } from "../events/profile/profile.ts";
import type { Asked } from "../hypervisor/translate/guest-answer.ts";
import type { Translation } from "../hypervisor/translate/three-answers.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import type { EarlyWrites } from "./early-writes.ts";
import type { TurnedOff } from "./moment.ts";
import type { Trail } from "./provenance.ts";
import type { Regime } from "./regime.ts";
import type { Unseen } from "./unseen.ts";
import type { PlaceFact, Use } from "./use.ts";

/** A DMA as it is asked for. */
export interface Request {
  readonly device: SourceId;
  readonly iova: bigint;
  readonly access: Access;
  readonly asked: Omit<Asked, "write">;
}

/** Why a DMA went where it went, or was blocked. */
export interface DmaExplanation {
  readonly kind: "dma";
  /** Number of the last event before the moment that is explained. */
  readonly at: number;
  readonly request: Request;
  /** The DMA that is explained; `undefined` when it is the state alone. */
  readonly use: Use | undefined;
  /** The walk through the tables at that moment, entry by entry, and where it ends. */
  readonly walk: Translation;
  /**
   * Index of the step that decides: the last entry read, or the first that does not allow the
   * access; -1 where no entry was read.
   */
  readonly decisive: number;
  /** For each step of the walk: who wrote its entry, and what announced that. */
  readonly trail: Trail;
  /** For each step of the walk: what is written to its entry and not seen yet. */
  readonly unseen: readonly (Unseen | undefined)[];
  /** For each step: what the recorded outcome shows to have been seen before it was flushed. */
  readonly early: EarlyWrites;
  /** All facts about the page in the shadow and its device's host entry, the last one last. */
  readonly facts: readonly PlaceFact[];
  /** What the address goes through: the guest's tables, or nothing, and why. */
  readonly regime: Regime;
  /** What the unit can do. */
  readonly profile: Profile | undefined;
  /** What the host has for such requests. */
  readonly host: HostEntry | undefined;
  /** How translation was turned off, where that is the case and no DMA is explained. */
  readonly off: TurnedOff | undefined;
}

/** What became of a write to the interrupt range, which meets no table of second-stage entries. */
export interface InterruptExplanation {
  readonly kind: "interrupt";
  /** Number of the last event before the moment that is explained. */
  readonly at: number;
  readonly device: SourceId;
  readonly iova: Iova;
  /** The write that is explained; `undefined` when it is the state alone. */
  readonly use: Use | undefined;
  /** Interrupt remapping is on. */
  readonly isOn: boolean;
}

/** What there is to tell of a request. */
export type Explanation = DmaExplanation | InterruptExplanation;
