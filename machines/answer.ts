import { reason } from "../events/fault-reason.ts";
import type { FirstStage } from "../projections/first-stage.ts";
import { cachedTable, classOf, indexIn } from "../projections/first-stage.ts";
import type { Guest } from "../projections/guest.ts";
import { virtualCacheOf } from "../projections/guest.ts";
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
import type { Ask, FirstStageWalk, SecondStageAt } from "./first-stage.ts";
import { isCanonical, walkFirstStage } from "./first-stage.ts";
import { pageLimit } from "./synchronise.ts";
import { isInterruptFrame, walkTables } from "./walk.ts";

/**
 * What the host's IOMMU, or the device model, answers for a page: a mapping with an outcome for
 * each access, and the guest page behind it where there is one.
 */
export interface Answer {
  readonly mapping: number;
  readonly gfn: number | undefined;
  /** A fault for what was asked, whatever the mapping. */
  readonly fault: number;
  /** Outcomes are reported by the reasons of scalable mode. */
  readonly scalable: boolean;
  /** The walk of a first stage, when there was one. */
  readonly walk: FirstStageWalk | undefined;
}

/** A plain read and a plain write. */
export const plainRead: Ask = { write: false, execute: false, privileged: false };
export const plainWrite: Ask = { write: true, execute: false, privileged: false };

export const answered = (
  mapping: number,
  gfn: number | undefined,
  scalable: boolean,
  walk?: FirstStageWalk,
): Answer => ({ mapping, gfn, fault: walk?.fault ?? 0, scalable, walk });

export const fails = (fault: number): Answer => ({
  mapping: 0,
  gfn: undefined,
  fault,
  scalable: false,
  walk: undefined,
});

/** The fault of an address that second-stage tables are not wide enough for. */
export const beyondSecond = (scalable: boolean): number =>
  scalable ? reason.secondStageBeyondWidth : reason.beyondWidth;

/** What translates nothing: the P2M alone. */
function passThroughAnswer(guest: Guest, page: number, write: boolean): Answer {
  const cached = get(guest.passThroughCache, page);
  if (allows(cached, write)) return answered(cached, page, false);
  const grant = get(guest.p2m, page);
  if (!hasFrame(grant)) return answered(unmapped(hole, hole), page, false);
  return answered(behindP2m(mapped(page, ok, ok, 4), grant), page, false);
}

/** Whether a cached entry serves the access; one that does not is as good as none. */
const allows = (cached: number, write: boolean): boolean =>
  cached !== 0 && (write ? writeCode(cached) : readCode(cached)) === ok;

/** The IOTLB where it holds an entry that allows anything, else the shadow. */
function shadowAnswer(guest: Guest, entry: HostEntry, page: number, write: boolean): Answer {
  const shadow = guest.shadows[entry.shadow ?? 0];
  const scalable = entry.tag !== undefined;
  if (shadow === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, shadow.levels)) return fails(beyondSecond(scalable));
  const stage = get(shadow.stage, page);
  const gfn = hasFrame(stage) ? frameOf(stage) : undefined;
  const cached = get(shadow.iotlb, page);
  return answered(allows(cached, write) ? cached : wholeAt(shadow.host, page), gfn, scalable);
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
  const { root, levels } = entry;
  const scalable = entry.tag !== undefined;
  if (root === undefined) return fails(reason.contextInvalid);
  if (page >= pageLimit(guest, levels)) return fails(beyondSecond(scalable));
  const cache = virtualCacheOf(guest, entry);
  const cached = cache === undefined ? 0 : get(cache.entries, page);
  const stage = allows(cached, write) ? cached : walkTables(guest, root, levels, page);
  if (!hasFrame(stage)) return answered(stage, undefined, scalable);
  const mapping = behindP2m(stage, get(guest.p2m, frameOf(stage)));
  return answered(mapping, frameOf(stage), scalable);
}

/** The second stage under a nested first stage, as the host has it. */
function secondStageOf(guest: Guest, stage: FirstStage): SecondStageAt | undefined {
  const shadow = guest.shadows[stage.shadow ?? 0];
  if (shadow !== undefined) {
    const limit = pageLimit(guest, shadow.levels);
    return (page) => (page < limit ? wholeAt(shadow.stage, page) : undefined);
  }
  return stage.second === undefined ? undefined : walkedSecond(guest, stage.second);
}

/** The guest's own second stage, walked as it is. */
export function walkedSecond(
  guest: Guest,
  { root, levels }: { readonly root: number; readonly levels: number },
): SecondStageAt {
  const limit = pageLimit(guest, levels);
  return (page) => (page < limit ? walkTables(guest, root, levels, page) : undefined);
}

/** What is cached of a first stage where it serves the request, else a walk. */
function firstStageAnswer(guest: Guest, stage: FirstStage, page: number, ask: Ask): Answer {
  if (!isCanonical(stage.levels, page)) return fails(reason.nonCanonical);
  const index = indexIn(stage.levels, page);
  const tree = stage.iotlb[classOf(ask.privileged, ask.execute)];
  const cached = tree === undefined ? 0 : get(tree, index);
  if (allows(cached, ask.write)) {
    if (!stage.virtual) return answered(cached, undefined, true);
    const mapping = behindP2m(cached, get(guest.p2m, frameOf(cached)));
    return answered(mapping, frameOf(cached), true);
  }
  const from = cachedTable(stage, index);
  const walk = walkFirstStage(guest, stage, page, ask, secondStageOf(guest, stage), from);
  return walkAnswer(guest, walk);
}

/** The answer that a walk of a first stage comes to, behind the P2M. */
export function walkAnswer(guest: Guest, walk: FirstStageWalk): Answer {
  if (walk.fault !== 0) return answered(0, undefined, true, walk);
  const gfn = frameOf(walk.mapping);
  return answered(behindP2m(walk.mapping, get(guest.p2m, gfn)), gfn, true, walk);
}

/** Why requests with PASID may not reach a page that is not translated, or 0. */
export function passThroughFault(guest: Guest, entry: PassThrough, page: number): number {
  if (guest.charts.translation !== "enabled") return 0;
  const { haw, mgaw } = guest.profile;
  if (entry.tag === undefined) return page >= 2 ** (mgaw - 12) ? reason.beyondWidth : 0;
  if (page >= 2 ** (haw - 12)) return reason.beyondHardware;
  return entry.pasid !== undefined && isInterruptFrame(page) ? reason.scalableInterruptRange : 0;
}

interface PassThrough {
  readonly tag: number | undefined;
  readonly pasid: number | undefined;
}

/** Why a PASID entry forbids the rights that a request asks for, or 0. */
export function rightsDenied(
  rights: { readonly sre: boolean; readonly ere: boolean },
  ask: Ask,
): number {
  if (ask.execute && !rights.ere) return reason.executeDisabled;
  return ask.privileged && !rights.sre ? reason.supervisorDisabled : 0;
}

/** What answers a request for a page, as the host's entry for the requester says. */
export function answerFor(guest: Guest, entry: HostEntry, page: number, asked: Ask): Answer {
  if (entry.state === "blocked") return fails(entry.reason);
  const ask = entry.privileged && !asked.privileged ? { ...asked, privileged: true } : asked;
  const denied = entry.tag === undefined ? 0 : rightsDenied(entry, ask);
  if (denied !== 0 && entry.state !== "refused") return fails(denied);
  const stage = entry.space === undefined ? undefined : guest.spaces[entry.space];
  if (stage !== undefined) return firstStageAnswer(guest, stage, page, ask);
  switch (entry.state) {
    case "shadowed":
      return shadowAnswer(guest, entry, page, ask.write);
    case "virtual":
      return virtualAnswer(guest, entry, page, ask.write);
    case "passThrough": {
      const fault = passThroughFault(guest, entry, page);
      return fault === 0 ? passThroughAnswer(guest, page, ask.write) : fails(fault);
    }
    default:
      return answered(unmapped(hole, hole), undefined, false);
  }
}

/** Reasons of the outcomes of a second stage, in their order: in legacy and in scalable mode. */
const faultOfOutcome: readonly (readonly [number, number])[] = [
  [0, reason.secondStageDenied],
  [0, 0],
  [0, 0],
  [reason.tableReserved, reason.secondStageReserved],
  [reason.tableAccess, reason.secondStageAccess],
  [reason.contextInvalid, reason.secondStageRoot],
  [reason.interruptRange, reason.scalableInterruptRange],
];

/** The fault of one access of an answer: 0 for none, -1 where the P2M grants nothing. */
export function faultOf(given: Answer, write: boolean): number {
  if (given.fault !== 0) return given.fault;
  const code = write ? writeCode(given.mapping) : readCode(given.mapping);
  if (code === ok) return 0;
  if (code === hole) return -1;
  if (code === permission && !given.scalable) {
    return write ? reason.writeDenied : reason.readDenied;
  }
  return (faultOfOutcome[code] as readonly [number, number])[given.scalable ? 1 : 0];
}
