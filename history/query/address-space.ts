import type { SourceId } from "../../events/address.ts";
import type { HostState } from "../../events/fact.ts";
import { devicesBehind } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { HostEntry } from "../../projections/host/host-entry.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { shadowAt } from "../../projections/shadow/shadow.ts";
import type { World } from "../../projections/world.ts";
import { isWalked, lifeAt, sourceOf } from "../lifeline/life.ts";
import { worldAt } from "../timeline/seek.ts";
import type { Timeline } from "../timeline/timeline.ts";
import type { UsedPage } from "../use.ts";
import type { Ranges, SpaceRange } from "./space-ranges.ts";
import { firstOf, mostRanges, put, rangesOf, waitingOf } from "./space-ranges.ts";
import type { PageUses, UsesAsked } from "./space-uses.ts";
import { requestKey, usesSince } from "./space-uses.ts";

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
