import { iovaOfPage, pageOf, sourceId } from "../events/address.ts";
import type { InputOf } from "../events/input.ts";
import {
  invalidateContexts,
  invalidateIotlb,
  invalidatePasidIotlb,
  invalidatePasids,
} from "../hypervisor/queue/carry-out-invalidation.ts";
import type { Turn } from "../hypervisor/turn.ts";
import { newTurn } from "../hypervisor/turn.ts";
import { evolve, worldOf } from "../projections/evolve.ts";
import { hostAt } from "../projections/host/host-entry.ts";
import type { World } from "../projections/world.ts";

type Forget = (turn: Turn) => void;

/**
 * The same world with caches that have forgotten something, which they may do at any time: first
 * little, then more. Registers, memory and tables are the same in all of them.
 *
 * @param source  the requester whose entries are forgotten.
 */
export function* evictions(
  world: World,
  source: number,
  { iova, pasid: given }: InputOf<"Dma">,
): Generator<World> {
  const [guest] = world.guests;
  const entry = guest && hostAt(guest.hosts, source, given);
  const did = entry?.did ?? 0;
  const page: Forget = (turn) => {
    invalidateIotlb(turn, {
      type: "IotlbInvalidated",
      scope: "page",
      did,
      iova: iovaOfPage(pageOf(iova)),
      length: 4096n,
    });
  };
  const own: Forget = (turn) =>
    invalidateContexts(turn, { scope: "device", did, source: sourceId(source), mask: 0 });
  const contexts: Forget = (turn) => invalidateContexts(turn, { scope: "global" });
  const pasids: Forget = (turn) => invalidatePasids(turn, { scope: "global" });
  const first: Forget = (turn) =>
    invalidatePasidIotlb(turn, { scope: "pasid", did, pasid: given ?? entry?.tag ?? 0 });
  const all: Forget = (turn) =>
    invalidateIotlb(turn, { type: "IotlbInvalidated", scope: "global" });
  const ways: readonly (readonly Forget[])[] = [
    ...[[page], [first], [own], [own, page], [contexts], [contexts, page]],
    ...[[pasids], [pasids, page, first]],
    [contexts, pasids, all],
  ];
  for (const way of ways) {
    const turn = newTurn(world, 0);
    for (const forget of way) forget(turn);
    yield worldOf(turn);
  }
}

/** The same world with an interrupt entry cache that has forgotten everything. */
export const withoutInterruptEntries = (world: World): World =>
  evolve(world, { type: "InterruptEntriesInvalidated" });
