import { interruptPages } from "../../events/address.ts";
import { interruptRange, mapped, ok, pagesOfSize, unmapped } from "../../tables/mapping.ts";
import type { Slot } from "../../tables/page-tree.ts";
import { fillSlot } from "../../tables/page-tree.ts";

/** Accesses that are still allowed take the outcome; those that failed above keep theirs. */
export const both = (read: number, write: number, outcome: number): number =>
  unmapped(read === ok ? outcome : read, write === ok ? outcome : write);

const { first: interruptFirst, end: interruptEnd } = interruptPages;

/**
 * A leaf's pages; those of the block around the interrupt range are 4 KiB pages, which end there or
 * do not.
 */
export function leafSlot(frame: number, level: number, read: number, write: number): Slot {
  const pages = pagesOfSize[level - 1] as number;
  const whole = mapped(frame, read, write, level - 1);
  if (frame + pages <= interruptFirst || frame >= interruptEnd) return whole;
  const depth = (level - 1) * 2;
  if (level === 1) return both(read, write, interruptRange);
  const block = interruptFirst - frame;
  const small = mapped(interruptFirst, read, write, 0);
  const blocked = both(read, write, interruptRange);
  const edge = block + interruptEnd - interruptFirst;
  let slot: Slot = mapped(frame, read, write, Math.min(level - 1, 1));
  const from = { first: block, origin: block, linear: true };
  slot = fillSlot({ ...from, end: block + 512, value: small }, slot, depth, 0);
  return fillSlot({ ...from, end: edge, value: blocked }, slot, depth, 0);
}
