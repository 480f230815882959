import { pageOf } from "../events/address.ts";

/** Pages from `first` up to `end`, the last not included. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Every page of any tree. */
export const everyPage: Range = { first: 0, end: Number.MAX_SAFE_INTEGER };

/** The pages of `length` bytes from an address on, both multiples of a page. */
export function pagesFrom(address: bigint, length: bigint): Range {
  const first = pageOf(address);
  return { first, end: first + pageOf(length) };
}

/** Whether a page lies in a range. */
export const isWithin = (page: number, { first, end }: Range): boolean =>
  page >= first && page < end;

/** Whether two ranges have a page in common. */
export const overlaps = (a: Range, b: Range): boolean => a.first < b.end && b.first < a.end;
