import type { Fact } from "../events/fact.ts";
import type { Guest } from "../projections/guest.ts";
import type { World } from "../projections/world.ts";
import type { Avoided, Contexts, Deviation } from "./deviation.ts";

/** How what a target remembers of source-ids is followed, where it differs from the model. */
export interface TargetMemory {
  /** After a fact; the world is that after its step. */
  readonly after: (contexts: Contexts, fact: Fact, world: World) => Contexts;
  /** After a request of a source-id, by the guest before it. */
  readonly used: (contexts: Contexts, guest: Guest, source: number) => Contexts;
  /** The domain-id that the target reads for a source-id, where that is not the model's. */
  readonly domain: (contexts: Contexts, guest: Guest, source: number) => number | undefined;
}

/** What is known of a target, and passed by. */
export interface Known {
  readonly deviations: readonly Deviation[];
  readonly avoided: readonly Avoided[];
  readonly memory: TargetMemory;
}

/** Nothing is remembered. */
export const noContexts: Contexts = { passing: new Set(), entries: new Map() };

/** Of a target that remembers nothing but what the model follows. */
const modelMemory: TargetMemory = {
  after: (contexts) => contexts,
  used: (contexts) => contexts,
  domain: () => undefined,
};

/** Of a target of which nothing is known. */
export const nothingKnown: Known = { deviations: [], avoided: [], memory: modelMemory };
