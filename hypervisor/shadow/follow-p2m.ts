import type { Range } from "../../events/address.ts";
import { everyPage, iova, iovaOfPage, pageOf } from "../../events/address.ts";
import type { Shadow } from "../../projections/shadow/shadow.ts";
import { isWeb, manyPlaces, shadowAt, shadowsOf } from "../../projections/shadow/shadow.ts";
import { composeRange, composeTouching, newComposition } from "../../tables/compose.ts";
import type { P2m } from "../../tables/mapping.ts";
import { frameOf } from "../../tables/mapping.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";
import { drain } from "../device/in-flight.ts";
import type { Turn } from "../turn.ts";
import { guestIn, record } from "../turn.ts";
import { tellDifference } from "./difference.ts";
import { flushHost } from "./synchronise.ts";

/**
 * The IOVA pages of one shadow that map guest pages of a range, or `undefined` when some have many
 * places.
 */
function placesOf(shadow: Shadow, gfns: Range): readonly Range[] | undefined {
  const ranges: Range[] = [];
  let many = false;
  forEachSlot(shadow.places, gfns.first, gfns.end, (_gfn, count, place) => {
    if (place === manyPlaces) many = true;
    else ranges.push({ first: frameOf(place), end: frameOf(place) + count });
  });
  return many ? undefined : ranges;
}

/** Puts a shadow's guest pages of a range behind a P2M, and flushes what that takes away. */
function recompose(turn: Turn, shadow: Shadow, p2m: P2m, gfns: Range, takesAway: boolean): void {
  const depth = shadow.levels * 2;
  const { id, levels, stage } = shadow;
  const composition = newComposition(p2m);
  const places = placesOf(shadow, gfns);
  let host = shadow.host.root;
  if (places === undefined) {
    host = composeTouching(composition, gfns, { stage: stage.root, host }, depth);
  } else {
    for (const range of places) {
      host = composeRange(composition, range, { stage: stage.root, host }, depth, 0);
    }
  }
  const changed: { page: number; count: number }[] = [];
  const before = { stage: stage.root, host: shadow.host.root };
  const after = { stage: stage.root, host };
  const versions = { id, levels, before, after, range: everyPage, isWeb: isWeb(shadow) };
  tellDifference(versions, (fact, page, count) => {
    record(turn, fact);
    changed.push({ page, count });
  });
  if (takesAway) for (const { page, count } of changed) flushHost(turn, id, page, count);
}

/** Brings all that the host's IOMMU may use of a guest's pages in line with a P2M. */
export function followP2m(turn: Turn, p2m: P2m, gfns: Range, takesAway: boolean): void {
  if (takesAway) {
    drain(turn, (flight) => {
      const page = flight.gpa === undefined ? -1 : pageOf(flight.gpa);
      return page >= gfns.first && page < gfns.end;
    });
  }
  for (const { id } of shadowsOf(guestIn(turn))) {
    const shadow = shadowAt(guestIn(turn), id);
    if (shadow !== undefined) recompose(turn, shadow, p2m, gfns, takesAway);
  }
  if (!takesAway) return;
  flushFirstStages(turn);
  if (guestIn(turn).passThroughCache.root === 0) return;
  const length = BigInt(gfns.end - gfns.first) << 12n;
  record(turn, { type: "HostIotlbFlushed", iova: iovaOfPage(gfns.first), length });
}

/** Nobody knows which of a first stage's addresses reach a guest page: all that is cached goes. */
function flushFirstStages(turn: Turn): void {
  for (const { id: space, virtual, iotlb, levels } of Object.values(guestIn(turn).spaces)) {
    if (virtual || iotlb.every(({ root }) => root === 0)) continue;
    const length = 1n << BigInt(12 + 9 * levels);
    record(turn, { type: "HostIotlbFlushed", space, iova: iova(0n), length });
  }
}
