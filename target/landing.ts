import type { Fact, FactOf } from "../events/fact.ts";

/**
 * Where a DMA landed that was made whole. Others that were in flight may land in its step, before
 * it: those have tags.
 */
export const landingOf = (facts: readonly Fact[]): FactOf<"DmaLanded"> | undefined =>
  facts.find(
    (fact): fact is FactOf<"DmaLanded"> => fact.type === "DmaLanded" && fact.tag === undefined,
  );
