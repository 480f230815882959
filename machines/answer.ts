import { reason } from "../events/fault-reason.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host-entry.ts";
import type { Mapping } from "../projections/mapping.ts";
import {
  behindP2m,
  frameOf,
  hasFrame,
  hole,
  mapped,
  ok,
  pagesOfSize,
  permission,
  readCode,
  resized,
  sizeOf,
  unmapped,
  writeCode,
} from "../projections/mapping.ts";
import type { PageTree } from "../projections/page-tree.ts";
import { get, uniform } from "../projections/page-tree.ts";
import { pageLimit } from "./synchronise.ts";
import { walkTables } from "./walk.ts";

/**
 * What the host's IOMMU, or the device model, answers for a page: a mapping with an outcome for
 * each access, and the guest page behind it where there is one.
 */
export interface Answer {
  readonly mapping: number;
  readonly gfn: number | undefined;
  /** A fault for both accesses, whatever the mapping. */
  readonly fault: number;
}

const answer = (mapping: number, gfn: number | undefined): Answer => ({ mapping, gfn, fault: 0 });

const fails = (fault: number): Answer => ({ mapping: 0, gfn: undefined, fault });

/** What translates nothing: the P2M alone. */
function passThroughAnswer(guest: Guest, page: number, write: boolean): Answer {
  const cached = get(guest.passThroughCache, page);
  if (allows(cached, write)) return answer(cached, page);
  const grant = get(guest.p2m, page);
  if (!hasFrame(grant)) return answer(unmapped(hole, hole), page);
  return answer(behindP2m(mapped(page, ok, ok, 4), grant), page);
}

/** Whether a cached entry serves the access; one that does not is as good as none. */
const allows = (cached: number, write: boolean): boolean =>
  cached !== 0 && (write ? writeCode(cached) : readCode(cached)) === ok;

/** The IOTLB where it holds an entry that allows anything, else the shadow. */
function shadowAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const shadow = guest.shadows[entry.shadow ?? 0];
  if (shadow === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, shadow.levels)) return fails(reason.beyondWidth);
  const stage = get(shadow.stage, page);
  const gfn = hasFrame(stage) ? frameOf(stage) : undefined;
  const cached = get(shadow.iotlb, page);
  return answer(allows(cached, write) ? cached : wholeAt(shadow.host, page), gfn);
}

/**
 * The mapping of a page, said to be of the largest size whose block the host's tables still map as
 * a whole: a part of it may have been synchronised since.
 */
function wholeAt(host: PageTree, page: number): Mapping {
  const mapping = get(host, page);
  for (let size = sizeOf(mapping); size > 0; size--) {
    const pages = pagesOfSize[size] as number;
    if (uniform(host, page - (page % pages), pages) !== undefined) return resized(mapping, size);
  }
  return resized(mapping, 0);
}

/**
 * What the device model was told before and still holds, else a walk of the guest's tables as they
 * are.
 */
function virtualAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const { root, levels, did } = entry;
  if (root === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, levels)) return fails(reason.beyondWidth);
  const cache = guest.virtualCaches[did];
  const cached = cache === undefined ? 0 : get(cache.entries, page);
  const stage = allows(cached, write) ? cached : walkTables(guest, root, levels, page);
  if (!hasFrame(stage)) return answer(stage, undefined);
  return answer(behindP2m(stage, get(guest.p2m, frameOf(stage))), frameOf(stage));
}

/** What answers a request of one access for a page, as the host's entry for the requester says. */
export function answerFor(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  switch (entry.state) {
    case "blocked":
      return fails(entry.reason);
    case "shadowed":
      return shadowAnswer(guest, entry, page, write);
    case "virtual":
      return virtualAnswer(guest, entry, page, write);
    case "passThrough": {
      const enabled = guest.charts.translation === "enabled";
      const limit = 2 ** (guest.profile.mgaw - 12);
      if (enabled && page >= limit) return fails(reason.beyondWidth);
      return passThroughAnswer(guest, page, write);
    }
    default:
      return answer(unmapped(hole, hole), undefined);
  }
}

const faultOfOutcome: readonly number[] = [
  0,
  0,
  0,
  reason.tableReserved,
  reason.tableAccess,
  reason.contextInvalid,
  reason.interruptRange,
];

/** The fault of one access of an answer: 0 for none, -1 where the P2M grants nothing. */
export function faultOf(given: Answer, write: boolean): number {
  if (given.fault !== 0) return given.fault;
  const code = write ? writeCode(given.mapping) : readCode(given.mapping);
  if (code === ok) return 0;
  if (code === hole) return -1;
  if (code === permission) return write ? reason.writeDenied : reason.readDenied;
  return faultOfOutcome[code] as number;
}
