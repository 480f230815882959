import type { Range, SourceId } from "../../events/address.ts";
import { pageOf, pagesFrom } from "../../events/address.ts";
import type { FactOf } from "../../events/fact.ts";
import { frozen } from "../../events/frozen.ts";
import {
  dropCached,
  mapped,
  ok,
  permission,
  readCode,
  rememberCached,
  sizeCode,
  writeCode,
} from "../../tables/mapping.ts";
import type { PageTree } from "../../tables/page-tree.ts";
import { emptyTree, get } from "../../tables/page-tree.ts";
import type { Radix } from "../../tables/radix.ts";
import { emptyRadix, radixForEach, radixGet, radixSet } from "../../tables/radix.ts";
import { classOf } from "../first-stage/space.ts";
import { requesterKey } from "../host/host-entry.ts";

/** What a device remembers of the answers to its translation requests. */
export interface DeviceTlb {
  readonly device: SourceId;
  /** Of the requests that it is for; `undefined` for those without. */
  readonly pasid: number | undefined;
  /** An emulated device holds guest pages, a physical one host pages. */
  readonly virtual: boolean;
  /**
   * Every page that was granted and not invalidated: for each class of request those of low
   * addresses, then for each class those of the highest.
   */
  readonly pages: readonly PageTree[];
}

/** The TLBs of a guest's devices, by device and PASID. */
export type DeviceTlbs = Radix<DeviceTlb>;

/** A device-TLB invalidation that was sent to a device. */
export interface AskedInvalidation {
  readonly device: SourceId;
  readonly pasid: number | undefined;
  /** Whatever the PASID. */
  readonly global: boolean;
  readonly iova: bigint;
  readonly length: bigint;
}

export const noDeviceTlbs: DeviceTlbs = frozen(emptyRadix());

export const tlbAt = (
  tlbs: DeviceTlbs,
  device: number,
  pasid: number | undefined,
): DeviceTlb | undefined => radixGet(tlbs, requesterKey(device, pasid));

const levels = 5;

/** Pages that a tree holds. */
const window = 512 ** levels;

/** Page number of the first page of each tree: of the lowest addresses, and of the highest. */
const bases = [0, 2 ** 52 - window] as const;

const classes = 4;

const emptyPages: readonly PageTree[] = frozen(
  Array.from({ length: 2 * classes }, () => emptyTree(levels, true)),
);

/** Trees that a TLB has. */
export const treeCount = emptyPages.length;

/** Page number of the first page of a TLB's tree. */
export const baseOf = (index: number): number => bases[index < classes ? 0 : 1];

/** What a device's TLB says of a page for one access of a class of requests; 0 for nothing. */
export function heldAt(
  tlb: DeviceTlb | undefined,
  page: number,
  ask: { readonly write: boolean; readonly execute: boolean; readonly privileged: boolean },
): number {
  const half = page < window ? 0 : 1;
  const index = page - bases[half];
  if (tlb === undefined || index < 0) return 0;
  // What may be executed may be read.
  const kinds = ask.execute ? [true] : [false, true];
  for (const execute of kinds) {
    const tree = tlb.pages[half * classes + classOf(ask.privileged, execute)];
    const found = tree === undefined ? 0 : get(tree, index);
    if ((ask.write ? writeCode(found) : readCode(found)) === ok) return found;
  }
  return 0;
}

/** The TLBs once a device has put an answer into its own. */
export function answerHeld(
  tlbs: DeviceTlbs,
  virtual: boolean,
  fact: FactOf<"TranslationAnswered">,
): DeviceTlbs {
  const { device, pasid, read, write } = fact;
  const frame = virtual ? fact.gpa : fact.hpa;
  const page = pageOf(fact.iova);
  const half = page < window ? 0 : 1;
  const index = page - bases[half];
  if (frame === undefined || index < 0 || !(read || write)) return tlbs;
  const size = sizeCode(fact.size ?? "4K");
  const rights = [read ? ok : permission, write ? ok : permission] as const;
  const value = mapped(pageOf(frame), ...rights, size);
  const old = tlbAt(tlbs, device, pasid) ?? { device, pasid, virtual, pages: emptyPages };
  const at = half * classes + classOf(fact.privileged === true, fact.execute === true);
  const tree = rememberCached(old.pages[at] ?? emptyTree(levels, true), index, value);
  return radixSet(tlbs, requesterKey(device, pasid), { ...old, pages: old.pages.with(at, tree) });
}

/** The TLBs without the pages of a range of one of them; an entry goes as a whole. */
export function pagesForgotten(tlbs: DeviceTlbs, tlb: DeviceTlb, { first, end }: Range) {
  const pages = tlb.pages.map((tree, index) => {
    const base = baseOf(index);
    const [low, high] = [Math.max(first - base, 0), Math.min(end - base, window)];
    return low < high ? dropCached(tree, low, high) : tree;
  });
  const isEmpty = pages.every(({ root }) => root === 0);
  const key = requesterKey(tlb.device, tlb.pasid);
  return radixSet(tlbs, key, isEmpty ? undefined : { ...tlb, pages });
}

/** The TLBs that `concerned` picks. */
export function tlbsWhere(
  tlbs: DeviceTlbs,
  concerned: (tlb: DeviceTlb) => boolean = () => true,
): readonly DeviceTlb[] {
  const found: DeviceTlb[] = [];
  radixForEach(tlbs, 0, Number.MAX_SAFE_INTEGER, (_key, tlb) => {
    if (concerned(tlb)) found.push(tlb);
  });
  return found;
}

/** The TLBs without those of one device. */
export const withoutTlbsOf = (tlbs: DeviceTlbs, device: SourceId): DeviceTlbs =>
  tlbsWhere(tlbs, (tlb) => tlb.device === device).reduce(
    (left, { pasid }) => radixSet(left, requesterKey(device, pasid), undefined),
    tlbs,
  );

/** The pages that an invalidation names. */
export const askedPages = ({ iova, length }: AskedInvalidation): Range => pagesFrom(iova, length);

/**
 * Whether an invalidation is for requests with a PASID, or without.
 *
 * Reading: a global one covers every PASID and not the requests without one, which have an
 * invalidation of their own.
 */
export const asksFor = (asked: AskedInvalidation, pasid: number | undefined): boolean =>
  asked.global ? pasid !== undefined : asked.pasid === pasid;

/** The TLBs once a device has done what an invalidation asked for. */
export function invalidationDone(tlbs: DeviceTlbs, asked: AskedInvalidation): DeviceTlbs {
  const { device } = asked;
  const covered = tlbsWhere(tlbs, (tlb) => tlb.device === device && asksFor(asked, tlb.pasid));
  return covered.reduce((left, tlb) => pagesForgotten(left, tlb, askedPages(asked)), tlbs);
}
