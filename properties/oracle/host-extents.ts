/** Pages that one `map` mapped, or what is left of them: from `first` on to frames from `frame`. */
export interface Extent {
  readonly first: number;
  readonly count: number;
  readonly frame: number;
  readonly read: boolean;
  readonly write: boolean;
}

/** In the order of their pages; none overlaps another. */
export type Extents = readonly Extent[];

const endOf = ({ first, count }: Extent): number => first + count;

/** The index of the first extent that ends after a page. */
function indexAfter(extents: Extents, page: number): number {
  let [low, high] = [0, extents.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(extents[middle] as Extent) > page) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The extent that has a page. */
export function extentAt(extents: Extents, page: number): Extent | undefined {
  const extent = extents[indexAfter(extents, page)];
  return extent !== undefined && extent.first <= page ? extent : undefined;
}

/** The extents with one more, or `undefined` where it overlaps one. */
export function withExtent(extents: Extents, extent: Extent): Extents | undefined {
  const index = indexAfter(extents, extent.first);
  const next = extents[index];
  if (next !== undefined && next.first < endOf(extent)) return undefined;
  return extents.toSpliced(index, 0, extent);
}

/** The part of an extent that lies before a page, and the one from a page on. */
function partsAround(extent: Extent, first: number, end: number): Extent[] {
  const parts: Extent[] = [];
  if (extent.first < first) parts.push({ ...extent, count: first - extent.first });
  const gone = end - extent.first;
  if (endOf(extent) > end) {
    const rest = { count: extent.count - gone, frame: extent.frame + gone };
    parts.push({ ...extent, first: end, ...rest });
  }
  return parts;
}

/** The extents without the pages `[first, end)`; the same ones where none of them is mapped. */
export function withoutPages(extents: Extents, first: number, end: number): Extents {
  const from = indexAfter(extents, first);
  let to = from;
  const left: Extent[] = [];
  for (let extent = extents[to]; extent !== undefined && extent.first < end; extent = extents[to]) {
    left.push(...partsAround(extent, first, end));
    to += 1;
  }
  return to === from ? extents : extents.toSpliced(from, to - from, ...left);
}
