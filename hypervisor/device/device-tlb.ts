import type { Range, SourceId } from "../../events/address.ts";
import { iovaOfPage, pageOf } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { askedPages, asksFor, baseOf, tlbsWhere } from "../../projections/device/device-tlb.ts";
import { frameOf, hasFrame } from "../../tables/mapping.ts";
import type { Owners } from "../../tables/p2m.ts";
import { ownerGuest, ownerPage } from "../../tables/p2m.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { capacity } from "../../tables/page-tree.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import type { Turn } from "../turn.ts";
import { advance, guestIn, record } from "../turn.ts";
import { drain } from "./in-flight.ts";

/** The unit asks a device to forget translations. */
export function invalidateDeviceTlb(turn: Turn, asked: FactOf<"DeviceTlbInvalidated">): void {
  advance(turn, deviceTlb, deviceTlb.initial, { type: "Invalidate", asked });
}

/**
 * A device answers the first invalidation that it owes an answer to. Before that counts, what it
 * had sent by means of entries that are gone now has landed. A failed one leaves the device with
 * what it has.
 *
 * @returns whether the device owed an answer.
 */
export function takeAnswer(turn: Turn, device: SourceId, result: "done" | "failed"): boolean {
  const asked = guestIn(turn).queue.unanswered.find((one) => one.device === device);
  if (asked === undefined) return false;
  const { first, end } = askedPages(asked);
  if (result === "done") {
    drain(turn, (flight) => {
      const page = pageOf(flight.iova);
      const isCovered = asksFor(asked, flight.pasid) && page >= first && page < end;
      return flight.translated && flight.device === device && isCovered;
    });
  }
  advance(turn, deviceTlb, "asked", { type: "Answer", answered: { device, result } });
  return true;
}

/** The pages of a tree of host frames that belong to guest pages of a range. */
function pagesBehind(tree: PageTree, owners: Owners, guest: number, gfns: Range): readonly Range[] {
  const found: Range[] = [];
  forEachSlot(tree, 0, capacity(tree), (page, count, value) => {
    if (!hasFrame(value)) return;
    const start = frameOf(value);
    forEachSlot(owners, start, start + count, (frame, frames, owner) => {
      if (ownerGuest(owner) !== guest) return;
      const gfn = ownerPage(owner);
      const low = Math.max(gfn, gfns.first);
      const high = Math.min(gfn + frames, gfns.end);
      const offset = page + frame - start - gfn;
      if (low < high) found.push({ first: low + offset, end: high + offset });
    });
  });
  return found;
}

/**
 * The host takes guest pages away: whatever physical devices hold of them is gone before it goes
 * on. The guest has no part in it.
 */
export function flushDeviceTlbs(turn: Turn, gfns: Range): void {
  const { owners } = turn;
  for (const { device, pasid, pages } of tlbsWhere(guestIn(turn).deviceTlbs, isPhysical)) {
    const whose = pasid === undefined ? { device } : { device, pasid };
    // What goes, goes for every class of request: a page that several hold is told of once.
    const told = new Set<string>();
    for (const [index, tree] of pages.entries()) {
      for (const { first, end } of pagesBehind(tree, owners, turn.index, gfns)) {
        const start = iovaOfPage(first + baseOf(index));
        const length = BigInt(end - first) << 12n;
        const name = `${start} ${length}`;
        if (told.has(name)) continue;
        told.add(name);
        record(turn, { type: "HostDeviceTlbFlushed", ...whose, iova: start, length });
      }
    }
  }
}

const isPhysical = ({ virtual }: { readonly virtual: boolean }): boolean => !virtual;
