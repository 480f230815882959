import type { Input } from "../../events/input.ts";
import type { profiles } from "../../events/profile/profiles.ts";
import type { SmallCase } from "../select/case.ts";
import { idOf } from "../select/facet-cases.ts";

/** Inputs, or lists of them. */
export type Part = Input | readonly Part[];

const flat = (part: Part): readonly Input[] =>
  "type" in part ? [part] : (part as readonly Part[]).flatMap(flat);

/** An input with what a target needs to be told of it. */
function whole(input: Input): Input {
  if (input.type === "MemoryWrite") return { ...input, flushed: true };
  if (input.type !== "Dma" || input.access !== "write") return input;
  return { ...input, bytes: input.bytes ?? new Uint8Array(input.length ?? 8).fill(0xa5) };
}

/** A case that was written by hand, for one facet. */
export const byHand = (
  facet: string,
  profile: keyof typeof profiles,
  inputs: readonly Part[],
): SmallCase => ({
  ...{ id: `${idOf(facet)}-by-hand`, profile, facet },
  inputs: flat(inputs).map(whole),
});

/** The same for one seeded bug. */
export const againstBug = (
  bug: string,
  profile: keyof typeof profiles,
  inputs: readonly Part[],
): SmallCase => {
  const { facet: _, ...rest } = byHand(bug, profile, inputs);
  return { ...rest, bug };
};
