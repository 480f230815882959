import type { SourceId } from "../events/address.ts";
import type { Announced, Told } from "../history/told.ts";
import type { Guest } from "../projections/guest.ts";
import { hostsWhere } from "../projections/host/host-entry.ts";
import { shadowsOf } from "../projections/shadow/shadow.ts";
import { hasFrame } from "../tables/mapping.ts";
import { capacity, get } from "../tables/page-tree.ts";
import { forEachSlot } from "../tables/page-tree-range.ts";

/** For how long something was stale, in events. */
export interface Staleness {
  /** Changes of pages that were in the shadow: removed or replaced, and not announced at once. */
  readonly changes: number;
  readonly pages: number;
  /** Events from a change to its announcement, of all changes together. */
  readonly total: number;
  readonly longest: number;
  /** The events between which the longest lies; the end of the log where nothing announced it. */
  readonly longestFrom: number;
  readonly longestTo: number;
  /** Requests that used what was stale. */
  readonly uses: number;
}

/** The same by the domain and by the device that it concerned. */
export interface StalenessReport {
  readonly all: Staleness;
  readonly byDomain: ReadonlyMap<number, Staleness>;
  readonly byDevice: ReadonlyMap<SourceId, Staleness>;
}

/** Nothing was stale. */
export const fresh: Staleness = {
  ...{ changes: 0, pages: 0, total: 0, longest: 0 },
  ...{ longestFrom: 0, longestTo: 0, uses: 0 },
};

/** The sum of two. */
export function staler(a: Staleness, b: Staleness): Staleness {
  const long = b.longest > a.longest ? b : a;
  return {
    changes: a.changes + b.changes,
    pages: a.pages + b.pages,
    total: a.total + b.total,
    longest: long.longest,
    longestFrom: long.longestFrom,
    longestTo: long.longestTo,
    uses: a.uses + b.uses,
  };
}

/** Collects for how long changes stayed unannounced. */
export interface Stalenesses {
  readonly told: (before: Guest, told: Told) => void;
  /** What it comes to, with what is open in a guest after an event. */
  readonly report: (guest: Guest, now: number) => StalenessReport;
}

interface Stale {
  readonly did: number;
  readonly devices: readonly SourceId[];
  readonly pages: number;
  readonly from: number;
  readonly to: number;
}

type Sums = { all: Staleness; domains: Map<number, Staleness>; devices: Map<SourceId, Staleness> };

const plus = <Key>(sums: Map<Key, Staleness>, key: Key, one: Staleness): unknown =>
  sums.set(key, staler(sums.get(key) ?? fresh, one));

function add(sums: Sums, { did, devices, pages, from, to }: Stale, uses: number): void {
  const longest = to - from;
  const one = {
    changes: 1,
    pages,
    total: longest,
    longest,
    longestFrom: from,
    longestTo: to,
    uses,
  };
  sums.all = staler(sums.all, one);
  plus(sums.domains, did, one);
  for (const device of devices) plus(sums.devices, device, one);
}

const devicesOn = (guest: Guest, shadow: number): readonly SourceId[] =>
  hostsWhere(guest.hosts, (one) => one.shadow === shadow).map(({ source }) => source);

/** Follows one guest; `usesOf` says how many requests used a change of an event. */
export function startStaleness(usesOf: (since: number) => number): Stalenesses {
  const sums: Sums = { all: fresh, domains: new Map(), devices: new Map() };
  const stale = (before: Guest, { shadow, since, first, end }: Announced, to: number): Stale => ({
    did: shadow.did,
    devices: devicesOn(before, shadow.id),
    pages: end - first,
    from: since,
    to,
  });
  return {
    told: (before, { seq, announced }) => {
      for (const one of announced) {
        if (hasFrame(get(one.shadow.stage, one.first))) {
          add(sums, stale(before, one, seq), usesOf(one.since));
        }
      }
    },
    report: (guest, now) => {
      const { all, domains, devices } = sums;
      const then: Sums = { all, domains: new Map(domains), devices: new Map(devices) };
      for (const shadow of shadowsOf(guest)) {
        const { pending, stage } = shadow;
        forEachSlot(pending, 0, capacity(pending), (first, count, mark) => {
          if (mark === 0 || !hasFrame(get(stage, first))) return;
          const since = Math.floor(mark / 2);
          const open = stale(guest, { shadow, since, first, end: first + count }, now);
          add(then, open, usesOf(since));
        });
      }
      return { all: then.all, byDomain: then.domains, byDevice: then.devices };
    },
  };
}
