import type { Range } from "../events/address.ts";
import { everyPage, interruptPages, pageOf } from "../events/address.ts";
import { at } from "../events/registers/offset.ts";
import { Phmbase, Phmlimit, Plmbase, Plmlimit } from "../events/registers/protected-memory.ts";
import type { Guest } from "../projections/guest.ts";
import { stored } from "../projections/registers/registers.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { isWeb } from "../projections/shadow/shadow.ts";
import type { Node, Slot } from "../tables/page-tree.ts";
import { hasHost } from "./host-number.ts";
import type { Run } from "./host-run.ts";
import { runsIn, runsWithout } from "./host-run.ts";

const rangeOf = (base: bigint, limit: bigint): Range => ({
  first: pageOf(base),
  end: pageOf(limit | Plmlimit.reservedMask) + 1,
});

/** The guest pages that requests which are not translated may not reach. */
export function protectedRanges(guest: Guest): readonly Range[] {
  if (guest.charts.protection !== "enabled") return [];
  const { plmr, phmr } = guest.profile;
  const [lowBase, highBase] = [
    Plmbase.decode(stored(guest, at.plmbase)),
    Phmbase.decode(stored(guest, at.phmbase)),
  ];
  const [lowLimit, highLimit] = [
    Plmlimit.decode(stored(guest, at.plmlimit)),
    Phmlimit.decode(stored(guest, at.phmlimit)),
  ];
  const low = plmr ? [rangeOf(lowBase.base, lowLimit.limit)] : [];
  const high = phmr ? [rangeOf(highBase.base, highLimit.limit)] : [];
  return [...low, ...high].filter(({ first, end }) => first < end);
}

/**
 * What the guest's P2M lets devices reach of a range of guest pages: no host maps the range whose
 * addresses are interrupts.
 */
export function p2mRuns(guest: Guest, range: Range): readonly Run[] {
  if (!hasHost(guest)) return [];
  const runs = runsWithout(runsIn(guest.p2m, range), interruptPages);
  return protectedRanges(guest).reduce(runsWithout, runs);
}

/**
 * Maps that the host is asked for of a web at most. Its tables can repeat each other more often
 * than any host has memory for, which has no way to share them.
 */
const mostOfWeb = 4096;

const piecesOf = new WeakMap<Node, number>();

/** How many slots without nodes a slot comes to, each as often as it is reached. */
function pieces(slot: Slot): number {
  if (typeof slot === "number") return slot === 0 ? 0 : 1;
  const known = piecesOf.get(slot);
  if (known !== undefined) return known;
  // Of a node of few slots the first is the mask of those that follow.
  const own = slot.length < 16 ? slot.slice(1) : slot;
  const count = own.reduce((sum: number, child) => sum + pieces(child), 0);
  piecesOf.set(slot, count);
  return count;
}

/** Whether a shadow is more than a host can be asked to map: its requesters are blocked. */
export const isTooLarge = (shadow: Shadow): boolean =>
  isWeb(shadow) && pieces(shadow.host.root) > mostOfWeb;

/** What a shadow lets devices reach of a range of their pages. */
export const shadowRuns = (shadow: Shadow | undefined, range: Range = everyPage): readonly Run[] =>
  shadow === undefined || isTooLarge(shadow) ? [] : runsIn(shadow.host, range);
