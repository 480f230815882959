import { gpaOfPage, hex, hpaOfPage, pageOf } from "../../events/address.ts";
import type { InputOf, PageSize } from "../../events/input.ts";
import { pagesIn } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { Guest } from "../../projections/guest.ts";
import { frameOf, hasFrame, ok, readCode, writeCode } from "../../tables/mapping.ts";
import { forEachSlot } from "../../tables/page-tree-range.ts";

/** A region that some devices need mapped to itself. */
export type Region = NonNullable<GuestSetup["rmrr"]>[number];

/** The first page of a region, and the one after its last. */
export const pagesOfRegion = ({ base, end }: Region): readonly [number, number] => [
  pageOf(base),
  pageOf(end) + 1,
];

export const regionName = ({ base, end }: Region): string => `RMRR ${hex(base)} to ${hex(end)}`;

const grantsBoth = (mapping: number): boolean =>
  readCode(mapping) === ok && writeCode(mapping) === ok;

/** Why a region cannot be, or `undefined`. */
export function regionError(guest: Guest, region: Region): string | undefined {
  const { base, end } = region;
  if (base % 4096n !== 0n || (end + 1n) % 4096n !== 0n) return "it is not made of 4 KiB pages";
  if (end < base) return "it ends before it begins";
  if (end >> BigInt(guest.profile.haw)) return "it goes beyond the host address width";
  const [first, last] = pagesOfRegion(region);
  let error: string | undefined;
  forEachSlot(guest.p2m, first, last, (page, _count, value) => {
    if (!hasFrame(value)) return;
    const name = `page ${hex(gpaOfPage(page))} is mapped`;
    if (frameOf(value) !== page) error ??= `${name} to another one`;
    else if (!grantsBoth(value)) error ??= `${name} without reading and writing`;
  });
  return error;
}

type Range = InputOf<"P2mMap">;

function identity(first: number, end: number, pageSize: PageSize): Range[] {
  if (end <= first) return [];
  const length = BigInt(end - first) * 4096n;
  const at = { gpa: gpaOfPage(first), hpa: hpaOfPage(first), length, pageSize };
  return [{ type: "P2mMap", ...at, read: true, write: true }];
}

/** Pages mapped to themselves: aligned blocks of 2 MiB, and 4 KiB pages before and after them. */
function aroundBlocks(first: number, end: number): Range[] {
  const block = pagesIn["2M"];
  const low = Math.ceil(first / block) * block;
  const high = Math.floor(end / block) * block;
  if (high <= low) return identity(first, end, "4K");
  return [
    ...identity(first, low, "4K"),
    ...identity(low, high, "2M"),
    ...identity(high, end, "4K"),
  ];
}

/** What maps those pages of a region of a guest to themselves that its P2M has nothing for. */
export function identityMaps(guest: Guest, region: Region): readonly Range[] {
  const [first, end] = pagesOfRegion(region);
  const maps: Range[] = [];
  let next = first;
  forEachSlot(guest.p2m, first, end, (page, count, value) => {
    if (!hasFrame(value)) return;
    maps.push(...aroundBlocks(next, page));
    next = page + count;
  });
  return [...maps, ...aroundBlocks(next, end)];
}
