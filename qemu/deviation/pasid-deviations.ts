import { hex, pageOf } from "../../events/address.ts";
import { pageText } from "../fuzz/outcome.ts";
import type { Deviation, Situation } from "./deviation.ts";
import type { Edit } from "./edit.ts";
import { outcomesAfter } from "./edit.ts";
import { usesOf } from "./past.ts";
import { hasOnePasidReason, isSameOutcome, isScalable } from "./reasons.ts";
import { entriesRead, entriesWalked, firstFault, hasReserved } from "./table-view.ts";

/** What a first-stage walk comes to that is checked in another order, bit 63 aside, as text. */
function otherOrder({ before }: Situation, guest: Situation["before"], source: number, input: Dma) {
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

const blindness = (id: string, ...ways: readonly (readonly Edit[])[]): Deviation => ({
  id,
  explains: (situation) => (ways.some((edits) => isBlindTo(situation, edits)) ? "end" : undefined),
});

/** The same of the versions that have one code for all that is wrong with a PASID. */
const oldBlindness = (id: string, ...ways: readonly (readonly Edit[])[]): Deviation => ({
  id,
  explains: (situation) =>
    hasOnePasidReason(situation.before) ? blindness(id, ...ways).explains(situation) : undefined,
});

/** One deviation that shows in two ways. */
const either = (one: Deviation, other: Deviation): Deviation => ({
  id: one.id,
  explains: (situation) => one.explains(situation) ?? other.explains(situation),
});

/** Some that come with others on the way. */
const withMore = (...edits: readonly Edit[]): readonly (readonly Edit[])[] => [
  edits,
  [...edits, "reserved"],
  [...edits, "presence"],
  [...edits, "presence", "reserved"],
];

/**
 * Where 59h is right, by a context entry that may be cached: a translation that is used again, or
 * the type of the entry, which is looked at before P.
 */
const usedAgain: Deviation = {
  id: "pasid-presence-ignored",
  explains: ({ what, target, input, before, past, reached, allowed = [] }) => {
    if (what !== "dma" || input.type !== "Dma") return undefined;
    const isTyped = target === "fault 0x5b" && allowed.includes("fault 0x59");
    if (isTyped && isScalable(before)) return "end";
    if (reached === undefined) return undefined;
    const source = before.devices[input.device]?.requester ?? input.device;
    const uses = usesOf(past, source, input.iova, reached);
    const access = input.access ?? "read";
    const isGone = allowed.includes("fault 0x59") && isScalable(before);
    return isGone && uses.some(({ allows }) => allows[access]) ? "end" : undefined;
  },
};

/** Deviations of QEMU in how it reads the tables of scalable mode. */
export const pasidDeviations: readonly Deviation[] = [
  {
    id: "root-other-half",
    explains: ({ what, target, before, input }) => {
      if (what !== "dma" || input.type !== "Dma" || target !== "fault 0xa") return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      // The other half serves the functions on the other side of 128.
      const [root] = entriesRead(before, source ^ 0x80);
      const reserved = 0xffen | (((1n << 64n) - 1n) & ~((1n << BigInt(before.profile.haw)) - 1n));
      const isWrong = ((root?.entry ?? 0n) & reserved) !== 0n;
      return isScalable(before) && isWrong ? "end" : undefined;
    },
  },
  {
    id: "pass-through-kept",
    explains: ({ what, input, before, past, reached, target }) => {
      if (what !== "dma" || input.type !== "Dma" || reached !== undefined) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      const isUnchanged = target === `page ${hex(pageOf(input.iova))}`;
      const isKept = isScalable(before) && past.passing.has(source);
      return isKept && isUnchanged ? "end" : undefined;
    },
  },
  blindness("table-in-device-memory", ["device"], ["device", "reserved"]),
  blindness("pasid-reserved-ignored", ["reserved"]),
  either(
    blindness("pasid-fpd-ignored", ...withMore("suppression")),
    oldBlindness("pasid-fpd-ignored", ...withMore("all suppression")),
  ),
  either(blindness("pasid-presence-ignored", ...withMore("presence")), usedAgain),
  oldBlindness("pasid-type-ignored", ...withMore("type"), ...withMore("type", "all suppression")),
  either(
    blindness(
      "context-reserved-ignored",
      ...withMore("context"),
      ...withMore("context", "suppression"),
    ),
    oldBlindness(
      "context-reserved-ignored",
      ...withMore("context", "type"),
      ...withMore("context", "all suppression"),
    ),
  ),
  {
    id: "first-stage-order",
    explains: (situation) => {
      const { what, input, before, target, allowed = [] } = situation;
      if (what !== "dma" || input.type !== "Dma" || !isScalable(before)) return undefined;
      const source = before.devices[input.device]?.requester ?? input.device;
      if (!target.startsWith("fault ")) return undefined;
      const isOther = allowed.some((each) => /^fault 0x(71|72|81|85)$/.test(each));
      return isOther && target === otherOrder(situation, before, source, input) ? "end" : undefined;
    },
  },
];
