import { hex } from "../../events/address.ts";
import { pageText } from "../fuzz/outcome.ts";
import type { Deviation, Situation } from "./deviation.ts";
import type { Edit } from "./edit.ts";
import { outcomesAfter } from "./edit.ts";
import { hasOnePasidReason, isSameOutcome, isScalable } from "./reasons.ts";
import { entriesWalked, firstFault, hasReserved } from "./table-view.ts";

/** What a first-stage walk comes to that is checked in another order, bit 63 aside, as text. */
export function otherOrder(
  { before }: Situation,
  guest: Situation["before"],
  source: number,
  input: Dma,
) {
  const walk = entriesWalked(guest, source, input.iova);
  if (walk?.isFirst !== true) return undefined;
  const fault = firstFault(walk.seen, input.access ?? "read", hasReserved(before.profile.haw));
  if (fault !== undefined) return `fault ${hex(fault)}`;
  const leaf = walk.seen.at(-1)?.leaf;
  return leaf && pageText(leaf.base + (input.iova & (leaf.length - 1n)));
}

type Dma = Extract<Situation["input"], { type: "Dma" }>;

/** Whether the target did what is right where these are not looked at. */
function isBlindTo(situation: Situation, edits: readonly Edit[]): boolean {
  const { what, input, before, world, target } = situation;
  if (what !== "dma" || input.type !== "Dma") return false;
  if (!isScalable(before) && !edits.includes("device")) return false;
  const source = before.devices[input.device]?.requester ?? input.device;
  for (const { text, world: other } of outcomesAfter(world, source, input, new Set(edits))) {
    if (isSameOutcome(before, target, text)) return true;
    const [guest] = other.guests;
    if (guest && target === otherOrder(situation, guest, source, input)) return true;
  }
  return false;
}

/** A deviation that explains DMA that does what is right once some things are not looked at. */
export const blindness = (id: string, ...ways: readonly (readonly Edit[])[]): Deviation => ({
  id,
  explains: (situation) => (ways.some((edits) => isBlindTo(situation, edits)) ? "end" : undefined),
});

/** The same of the versions that have one code for all that is wrong with a PASID. */
export const oldBlindness = (id: string, ...ways: readonly (readonly Edit[])[]): Deviation => ({
  id,
  explains: (situation) =>
    hasOnePasidReason(situation.before) ? blindness(id, ...ways).explains(situation) : undefined,
});

/** One deviation that shows in two ways. */
export const either = (one: Deviation, other: Deviation): Deviation => ({
  id: one.id,
  explains: (situation) => one.explains(situation) ?? other.explains(situation),
});

/** Some that come with others on the way. */
export const withMore = (...edits: readonly Edit[]): readonly (readonly Edit[])[] => [
  edits,
  [...edits, "reserved"],
  [...edits, "presence"],
  [...edits, "presence", "reserved"],
];
