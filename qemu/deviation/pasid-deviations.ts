import { hex, pageOf } from "../../events/address.ts";
import { blindness, either, oldBlindness, otherOrder, withMore } from "./blindness.ts";
import type { Deviation } from "./deviation.ts";
import { usesOf } from "./past.ts";
import { isScalable } from "./reasons.ts";
import { entriesRead } from "./table-view.ts";

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
