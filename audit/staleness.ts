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

/** A sum that is added to. */
type Sum = { -readonly [K in keyof Staleness]: Staleness[K] };

interface Sums {
  readonly all: Sum;
  readonly domains: Map<number, Sum>;
  readonly devices: Map<SourceId, Sum>;
}

function sumOf<Key>(sums: Map<Key, Sum>, key: Key): Sum {
  const known = sums.get(key);
  if (known !== undefined) return known;
  const sum = { ...fresh };
  sums.set(key, sum);
  return sum;
}

function addTo(sum: Sum, { pages, from, to }: Stale, uses: number): void {
  sum.changes += 1;
  sum.pages += pages;
  sum.total += to - from;
  sum.uses += uses;
  if (to - from <= sum.longest) return;
  sum.longest = to - from;
  sum.longestFrom = from;
  sum.longestTo = to;
}

function add(sums: Sums, one: Stale, uses: number): void {
  addTo(sums.all, one, uses);
  addTo(sumOf(sums.domains, one.did), one, uses);
  for (const device of one.devices) addTo(sumOf(sums.devices, device), one, uses);
}

const devicesOn = (guest: Guest, shadow: number): readonly SourceId[] =>
  hostsWhere(guest.hosts, (one) => one.shadow === shadow).map(({ source }) => source);

/** Follows one guest; `usesOf` says how many requests used a change of an event. */
export function startStaleness(usesOf: (since: number) => number): Stalenesses {
  const sums: Sums = { all: { ...fresh }, domains: new Map(), devices: new Map() };
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
      const then = structuredClone(sums);
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
