import type { Change, Watch } from "./driver-context.ts";
import { startFlows } from "./driver-context.ts";
import { startLiveMaps } from "./live-maps.ts";
import type { Context, Invalidated, Observation } from "./observation.ts";
import { startPending } from "./pending.ts";
import type { Reach } from "./reach.ts";
import { dropsTranslations, reachOf, without } from "./reach.ts";

/** A change and what became of it. */
export interface ChangeFate {
  readonly change: Change;
  /** Announced at once, by the context that made it. */
  readonly met: boolean;
  /** The trace ends soon after the change, and its context has done nothing else by then. */
  readonly late: boolean;
  /** The context has moved a device just before: the domain may have none left. */
  readonly moved: boolean;
  /** Domains that had the IOVA mapped, for an unmapping; empty where none is known. */
  readonly owners: ReadonlySet<number>;
}

/** What a driver mapped, unmapped and invalidated. */
export interface DriverHistory {
  readonly outcomes: readonly ChangeFate[];
  /** Whether an IOTLB invalidation is in the trace at all. */
  readonly invalidates: boolean;
  /** Unmappings are announced at once, not by a flush queue later. */
  readonly strict: boolean;
  /** Mappings are announced too. */
  readonly cachingMode: boolean;
  /** Domains that invalidations name. */
  readonly domains: ReadonlySet<number>;
}

/** Observations after which a change that is still open cannot be due to the trace's end. */
const patience = 50;
/** The share of changes that are announced at once from which it is taken to be the rule. */
const rule = 0.9;
const fewest = 3;

/** Whether nearly all of some changes, and more than a few, are announced at once. */
function isRule(outcomes: readonly ChangeFate[], change: "map" | "unmap"): boolean {
  const all = outcomes.filter((one) => one.change.seen.change === change);
  const met = all.filter((one) => one.met).length;
  return met >= fewest && met >= rule * all.length;
}

const mayBe = (change: Change, { did }: Reach): boolean =>
  did === undefined || change.did === undefined || did === change.did;

/** What is known of a change while it may still be announced. */
interface Made {
  /** How many observations came before it. */
  readonly index: number;
  readonly moved: boolean;
  /** Mappings that an unmapping takes back, while it is open whose they are. */
  readonly maps: readonly Change[];
  readonly owners: ReadonlySet<number>;
}

const unknown: Made = { index: 0, moved: false, maps: [], owners: new Set() };

/** Collects outcomes while the observations go by. */
function startOutcomes(total: number): {
  readonly begin: (change: Change, index: number) => void;
  readonly close: (change: Change, how: keyof Watch) => void;
  readonly cover: (seen: Invalidated, reach: Reach) => void;
  /** A context attached or detached a device. */
  readonly move: (context: Context) => void;
  readonly outcomes: readonly ChangeFate[];
} {
  const live = startLiveMaps();
  const made = new Map<Change, Made>();
  const outcomes: ChangeFate[] = [];
  const pending = startPending();
  /** Contexts that moved a device and have announced nothing since. */
  const movers = new Set<Context>();
  const map = (change: Change, index: number): void => {
    const moved = movers.has(change.seen.context);
    made.set(change, { index, moved, maps: [], owners: new Set() });
    live.add(change);
    for (const unmap of pending.at(change)) unmap.remapped ??= change;
  };
  const unmap = (change: Change, index: number): void => {
    pending.add(change);
    const maps = live.under(change);
    const owners = new Set(maps.flatMap(({ did }) => did ?? []));
    const isOne = owners.size <= 1;
    if (isOne && maps.every(({ did }) => did !== undefined)) [change.did] = owners;
    if (isOne) live.remove(maps, undefined);
    const moved = movers.has(change.seen.context);
    made.set(change, { index, moved, maps: isOne ? [] : maps, owners });
  };
  return {
    outcomes,
    begin: (change, index) => (change.seen.change === "map" ? map : unmap)(change, index),
    close: (change, how) => {
      const { index, moved, maps, owners } = made.get(change) ?? unknown;
      const met = how === "met";
      made.delete(change);
      if (met) movers.delete(change.seen.context);
      if (met) change.did = reachOf(change.covered[0]?.words ?? 0n).did ?? change.did;
      live.remove(maps, change.did);
      const late = how === "open" && total - index < patience;
      outcomes.push({ change, met, late, moved, owners });
    },
    move: (context) => {
      movers.add(context);
    },
    cover: (seen, reach) => {
      for (const change of pending.all()) {
        if (!mayBe(change, reach)) continue;
        change.rest = without(change.rest, reach);
        if (change.rest.length > 0) continue;
        change.coveredAt = seen;
        pending.delete(change);
      }
    },
  };
}

/** Goes through what a driver did, and says what became of each mapping and unmapping. */
export function driverHistory(observations: readonly Observation[]): DriverHistory {
  const domains = new Set<number>();
  let invalidates = false;
  const { begin, close, cover, move, outcomes } = startOutcomes(observations.length);
  const flows = startFlows({
    met: (change) => close(change, "met"),
    left: (change) => close(change, "left"),
    open: (change) => close(change, "open"),
  });
  for (const [index, seen] of observations.entries()) {
    if (seen.kind === "mappingChanged" && seen.ordered) begin(flows.change(seen), index);
    else if (seen.kind === "deviceMoved") {
      flows.pause(seen.context);
      move(seen.context);
    } else if (seen.kind === "invalidated") {
      const reach = reachOf(seen.words);
      if (!dropsTranslations(reach)) continue;
      invalidates = true;
      if (reach.did !== undefined) domains.add(reach.did);
      cover(seen, reach);
      flows.invalidate(seen, reach);
    }
  }
  flows.end();
  const strict = isRule(outcomes, "unmap");
  const cachingMode = isRule(outcomes, "map");
  return { outcomes, invalidates, strict, cachingMode, domains };
}
