import { reason } from "../../events/fault/fault-reason.ts";
import type { Mapping } from "../../tables/mapping.ts";
import {
  hole,
  ok,
  pagesOfSize,
  permission,
  readCode,
  resized,
  sizeOf,
  writeCode,
} from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { get } from "../../tables/page-tree.ts";
import { uniform } from "../../tables/page-tree-range.ts";
import type { Traces } from "../first-stage/surroundings.ts";

/**
 * What the host's IOMMU, or the device model, answers for a page: a mapping with an outcome for
 * each access, and the guest page behind it where there is one and a walk says so.
 */
export interface Answer {
  readonly mapping: number;
  readonly gfn: number | undefined;
  /** A fault for what was asked, whatever the mapping. */
  readonly fault: number;
  /** Outcomes are reported by the reasons of scalable mode. */
  readonly scalable: boolean;
  /** What the walk of a first stage leaves behind, when there was one. */
  readonly traces: Traces | undefined;
}

export const answered = (mapping: number, gfn: number | undefined, scalable: boolean): Answer => ({
  mapping,
  gfn,
  fault: 0,
  scalable,
  traces: undefined,
});

export const fails = (fault: number): Answer => ({
  mapping: 0,
  gfn: undefined,
  fault,
  scalable: false,
  traces: undefined,
});

/** The fault of an address that second-stage tables are not wide enough for. */
export const beyondSecond = (scalable: boolean): number =>
  scalable ? reason.secondStageBeyondWidth : reason.beyondWidth;

/** Whether a cached entry serves the access; one that does not is as good as none. */
export const allows = (cached: number, write: boolean): boolean =>
  cached !== 0 && (write ? writeCode(cached) : readCode(cached)) === ok;

/**
 * The mapping of a page, said to be of the largest size whose block the host's tables still map as
 * a whole: a part of it may have been synchronised since.
 */
export function wholeAt(host: PageTree, page: number): Mapping {
  const mapping = get(host, page);
  for (let size = sizeOf(mapping); size > 0; size--) {
    const pages = pagesOfSize[size] as number;
    if (uniform(host, page - (page % pages), pages) !== undefined) return resized(mapping, size);
  }
  return resized(mapping, 0);
}

/** Reasons of the outcomes of a second stage, in their order: in legacy and in scalable mode. */
const faultOfOutcome: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 0],
  [0, 0],
  [reason.tableReserved, reason.secondStageReserved],
  [reason.tableAccess, reason.secondStageAccess],
  [reason.contextInvalid, reason.secondStageRoot],
  [reason.interruptRange, reason.scalableInterruptRange],
];

/**
 * Why second-stage tables do not allow an access: in scalable mode 79h where they allow neither,
 * else the right that is missing.
 */
export function deniedBy(mapping: number, write: boolean, scalable: boolean): number {
  if (!scalable) return write ? reason.writeDenied : reason.readDenied;
  const other = write ? readCode(mapping) : writeCode(mapping);
  if (other === permission) return reason.secondStageDenied;
  return write ? reason.scalableWriteDenied : reason.scalableReadDenied;
}

/** The fault of one access of an answer: 0 for none, -1 where the P2M grants nothing. */
export function faultOf(given: Answer, write: boolean): number {
  if (given.fault !== 0) return given.fault;
  const code = write ? writeCode(given.mapping) : readCode(given.mapping);
  if (code === ok) return 0;
  if (code === hole) return -1;
  if (code === permission) return deniedBy(given.mapping, write, given.scalable);
  return (faultOfOutcome[code] as readonly [number, number])[given.scalable ? 1 : 0];
}
