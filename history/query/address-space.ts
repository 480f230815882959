import type { SourceId } from "../../events/address.ts";
import type { HostState } from "../../events/fact.ts";
import { devicesBehind } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { hasFrame } from "../../tables/mapping.ts";
import type { PageTree, Slot } from "../../tables/page-tree.ts";
import { childAt, spans, waysAt } from "../../tables/page-tree.ts";
import { isWalked, lifeAt, sourceOf } from "../lifeline/life.ts";
import { worldAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { PageUses, UsesAsked } from "./space-uses.ts";
import { requestKey, usesSince } from "./space-uses.ts";

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

/** What a domain can name: which pages are mapped, wait for an announcement, or are in use. */
export interface AddressSpace {
  /** What the host has for these requests; `none` before it has anything. */
  readonly state: HostState | "none";
  readonly did: number | undefined;
  /** The devices whose requests share it; their uses are counted. */
  readonly devices: readonly SourceId[];
  /**
   * Tables are walked with each request: only pages that were asked for are listed, with all
   * requests so far.
   */
  readonly isWalked: boolean;
  /** In the order of pages; none is listed of which nothing is to be said. */
  readonly ranges: readonly SpaceRange[];
  readonly isWhole: boolean;
}

/** Slots of a tree that are looked at: one that shares its nodes may have no end. */
const mostSlots = 2_000_000;
/** Ranges that are listed. */
const mostRanges = 4096;

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
function put(ranges: SpaceRange[], one: SpaceRange): void {
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

const firstOf = (...marks: readonly number[]): number | undefined => {
  const set = marks.filter((mark) => mark !== 0);
  return set.length === 0 ? undefined : Math.min(...set);
};

/** Since when a page waits, by its mark in `Shadow.pending` and that of its device's entries. */
const waitingOf = (mark: number, since: number | undefined) => ({
  pendingSince: firstOf(Math.floor(mark / 2), since ?? 0),
  isAbove: mark === 0 ? since !== undefined : mark % 2 === 1,
});

type Ranges = Pick<AddressSpace, "ranges" | "isWhole">;

/** Goes through what is mapped, what is pending and what was used, side by side. */
function rangesOf(
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

/** The pages that requests asked for, each as a walk for it says. */
function walkedRanges(world: World, place: UsedPage, uses: ReadonlyMap<number, PageUses>): Ranges {
  const ranges: SpaceRange[] = [];
  for (const page of [...uses.keys()].sort((a, b) => a - b)) {
    if (ranges.length > mostRanges) return { ranges: ranges.slice(0, mostRanges), isWhole: false };
    const { landed, blocked, last } = uses.get(page) as PageUses;
    const { hpa, reason, pendingSince } = lifeAt(world, { ...place, page });
    const mapped = hpa !== undefined && reason === undefined;
    const range = { first: page, count: 1, mapped, ...waitingOf(0, pendingSince) };
    put(ranges, { ...range, landed, blocked, lastUse: last });
  }
  return { ranges, isWhole: true };
}

/** Whether two host entries stand for one space. */
const sharesSpace = (one: HostEntry, other: HostEntry): boolean =>
  one.state === other.state &&
  one.shadow === other.shadow &&
  one.space === other.space &&
  one.root === other.root;

function treeIn({ state, shadow }: HostEntry): UsesAsked["treeIn"] {
  return (guest) => (state === "passThrough" ? guest?.p2m : shadowAt(guest, shadow)?.host);
}

/** The devices that share a space, and the keys of the requests by which they do. */
function sharing(guest: Guest, host: HostEntry) {
  const devices = new Set<SourceId>();
  const keys = new Set<number>();
  for (const { source, pasid } of hostsWhere(guest.hosts, (one) => sharesSpace(one, host))) {
    const behind = devicesBehind(guest, source).map((one) => one.source);
    for (const device of behind.length === 0 ? [source] : behind) {
      devices.add(device);
      keys.add(requestKey(device, pasid));
    }
  }
  return { devices: [...devices].sort((a, b) => a - b), keys };
}

/**
 * The address space that the requests of a device are in after an event: mapped, pending, used and
 * never used, range by range.
 *
 * @param place  the page of it does not matter.
 * @returns `undefined` when there is no such event, or no such guest.
 */
export function addressSpace(
  timeline: Timeline,
  place: UsedPage,
  at: number,
): AddressSpace | undefined {
  const world = worldAt(timeline, at);
  const guest = world?.guests[place.guest];
  if (world === undefined || guest === undefined) return undefined;
  const { host } = sourceOf(world, place);
  const nothing = { ranges: [], isWhole: true, isWalked: false };
  if (host === undefined) return { state: "none", did: undefined, devices: [], ...nothing };
  const { devices, keys } = sharing(guest, host);
  const known = { state: host.state, did: host.did, devices };
  const tree = isWalked(host) ? undefined : treeIn(host)(guest);
  if (tree === undefined && !isWalked(host)) return { ...known, ...nothing };
  const kept = host.state === "passThrough" ? 0 : host.shadow;
  const asked = {
    ...{ guest: place.guest, requests: keys, treeIn: treeIn(host) },
    shadow: tree === undefined ? undefined : kept,
  };
  const uses = usesSince(timeline, at, asked, tree);
  if (tree === undefined) return { ...known, isWalked: true, ...walkedRanges(world, place, uses) };
  const pending = shadowAt(guest, host.state === "shadowed" ? host.shadow : undefined)?.pending;
  const since = firstOf(host.pending, host.pasidPending);
  return { ...known, isWalked: false, ...rangesOf(tree, pending, since, uses) };
}
