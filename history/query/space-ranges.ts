import { hasFrame } from "../../tables/mapping.ts";
import type { PageTree, Slot } from "../../tables/page-tree.ts";
import { childAt, spans, waysAt } from "../../tables/page-tree.ts";
import type { PageUses } from "./space-uses.ts";

/** Pages side by side of which the same is to be said. */
export interface SpaceRange {
  readonly first: number;
  readonly count: number;
  /** Requests to them reach some memory of the host, with some access. */
  readonly mapped: boolean;
  /** Number of the first event that changed an entry on their way and was not announced. */
  readonly pendingSince: number | undefined;
  /** That was an entry above theirs, or of the device: their own may be what they were. */
  readonly isAbove: boolean;
  /** Requests since the pages are mapped so, or are not. */
  readonly landed: number;
  readonly blocked: number;
  /** Number of the last of them. */
  readonly lastUse: number | undefined;
}

/** Slots of a tree that are looked at: one that shares its nodes may have no end. */
const mostSlots = 2_000_000;
/** Ranges that are listed. */
export const mostRanges = 4096;

/** Pages side by side of which a tree says the same, as far as is asked. */
interface Piece {
  readonly first: number;
  count: number;
  readonly value: number;
}

const endOf = ({ first, count }: Piece): number => first + count;

/** What a tree says of its pages, in order, where that is not 0. */
interface Said {
  readonly pieces: readonly Piece[];
  readonly isWhole: boolean;
}

function saidBy(tree: PageTree | undefined, keep: (value: number) => number): Said {
  const pieces: Piece[] = [];
  let left = mostSlots;
  const look = (slot: Slot, depth: number, first: number): void => {
    left -= 1;
    if (slot === 0 || left < 0) return;
    if (typeof slot !== "number") {
      const span = spans[depth - 1] as number;
      for (let index = 0; index < waysAt(depth - 1); index++) {
        look(childAt(slot, index), depth - 1, first + index * span);
      }
      return;
    }
    const value = keep(slot);
    const [count, last] = [spans[depth] as number, pieces.at(-1)];
    if (value === 0) return;
    if (last !== undefined && last.value === value && endOf(last) === first) last.count += count;
    else pieces.push({ first, count, value });
  };
  if (tree !== undefined) look(tree.root, tree.levels * 2, 0);
  return { pieces, isWhole: left >= 0 };
}

const never = Number.POSITIVE_INFINITY;

/** Follows pieces from page to page: what they say of it, and where that ends. */
function follower({ pieces }: Said): (page: number) => { value: number; end: number } {
  let at = 0;
  return (page) => {
    while (at < pieces.length && endOf(pieces[at] as Piece) <= page) at += 1;
    const now = pieces[at];
    if (now === undefined) return { value: 0, end: never };
    return now.first > page ? { value: 0, end: now.first } : { value: now.value, end: endOf(now) };
  };
}

const kindOf = ({ mapped, pendingSince, isAbove, landed, blocked }: SpaceRange): string =>
  [mapped, pendingSince, isAbove, landed > 0, blocked > 0].join(" ");

/** Puts a range after others, as one with the last where the same is to be said of both. */
export function put(ranges: SpaceRange[], one: SpaceRange): void {
  const last = ranges.at(-1);
  const isNext = last !== undefined && last.first + last.count === one.first;
  if (!isNext || kindOf(last) !== kindOf(one)) {
    ranges.push(one);
    return;
  }
  ranges[ranges.length - 1] = {
    ...last,
    count: last.count + one.count,
    landed: last.landed + one.landed,
    blocked: last.blocked + one.blocked,
    lastUse: last.lastUse && one.lastUse ? Math.max(last.lastUse, one.lastUse) : last.lastUse,
  };
}

const unused: Omit<PageUses, "last"> & { readonly last: undefined } = {
  ...{ landed: 0, blocked: 0 },
  last: undefined,
};

/** The first of some events, where 0 is none. */
export const firstOf = (...marks: readonly number[]): number | undefined => {
  const set = marks.filter((mark) => mark !== 0);
  return set.length === 0 ? undefined : Math.min(...set);
};

/** Since when a page waits, by its mark in `Shadow.pending` and that of its device's entries. */
export const waitingOf = (mark: number, since: number | undefined) => ({
  pendingSince: firstOf(Math.floor(mark / 2), since ?? 0),
  isAbove: mark === 0 ? since !== undefined : mark % 2 === 1,
});

/** Ranges in the order of their pages, and whether that is all. */
export interface Ranges {
  readonly ranges: readonly SpaceRange[];
  readonly isWhole: boolean;
}

/** Goes through what is mapped, what is pending and what was used, side by side. */
export function rangesOf(
  host: PageTree,
  pending: PageTree | undefined,
  since: number | undefined,
  uses: ReadonlyMap<number, PageUses>,
): Ranges {
  const used = [...uses.keys()].sort((a, b) => a - b);
  const mapped = saidBy(host, (value) => (hasFrame(value) ? 1 : 0));
  const waiting = saidBy(pending, (value) => value);
  const [mappedAt, waitingAt] = [follower(mapped), follower(waiting)];
  const ranges: SpaceRange[] = [];
  let at = 0;
  for (let page = 0; page < never && ranges.length <= mostRanges; ) {
    const [map, wait] = [mappedAt(page), waitingAt(page)];
    const use = used[at] === page ? uses.get(page) : undefined;
    const end = Math.min(map.end, wait.end, use === undefined ? (used[at] ?? never) : page + 1);
    if (map.value !== 0 || wait.value !== 0 || use !== undefined) {
      const { landed, blocked, last } = use ?? unused;
      const range = { first: page, count: end - page, mapped: map.value !== 0 };
      const waits = waitingOf(wait.value, since);
      put(ranges, { ...range, ...waits, landed, blocked, lastUse: last });
    }
    if (use !== undefined) at += 1;
    page = end;
  }
  const isWhole = mapped.isWhole && waiting.isWhole && ranges.length <= mostRanges;
  return { ranges: ranges.slice(0, mostRanges), isWhole };
}
