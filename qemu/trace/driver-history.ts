import type { Change } from "./driver-context.ts";
import { startFlows } from "./driver-context.ts";
import { startLiveMaps } from "./live-maps.ts";
import type { Invalidated, MappingChanged, Observation } from "./observation.ts";
import type { Reach } from "./reach.ts";
import { dropsTranslations, overlaps, reachOf, without } from "./reach.ts";

/** A change and what became of it. */
export interface Outcome {
  readonly change: Change;
  /** Announced at once, by the context that made it. */
  readonly met: boolean;
  /** The trace was nearly at its end when the change was made. */
  readonly late: boolean;
  /** Domains that had the IOVA mapped, for an unmapping; empty where none is known. */
  readonly owners: ReadonlySet<number>;
  /** The invalidation with which it was covered in the end, wherever it came from. */
  coveredAt: Invalidated | undefined;
  /** The first mapping of the same IOVA while the unmapping was not covered. */
  remapped: Change | undefined;
}

/** What a driver mapped, unmapped and invalidated. */
export interface DriverHistory {
  readonly outcomes: readonly Outcome[];
  /** Whether an IOTLB invalidation is in the trace at all. */
  readonly invalidates: boolean;
  /** Unmappings are announced at once, not by a flush queue later. */
  readonly strict: boolean;
  /** Mappings are announced too. */
  readonly cachingMode: boolean;
  /** Domains that invalidations name. */
  readonly domains: ReadonlySet<number>;
}

/** Observations after which a change that is not announced cannot be due to the trace's end. */
const patience = 50;
/** The share of changes that are announced at once from which it is taken to be the rule. */
const rule = 0.9;
const fewest = 3;

/** Whether nearly all of some changes, and more than a few, are announced at once. */
function isRule(outcomes: readonly Outcome[], change: "map" | "unmap"): boolean {
  const all = outcomes.filter((one) => one.change.seen.change === change);
  const met = all.filter((one) => one.met).length;
  return met >= fewest && met >= rule * all.length;
}

const mayBe = (change: Change, { did }: Reach): boolean =>
  did === undefined || change.did === undefined || did === change.did;

/** Collects outcomes while the observations go by. */
function startOutcomes(total: number): {
  readonly at: (index: number) => void;
  readonly meet: (change: Change) => void;
  readonly leave: (change: Change) => void;
  readonly map: (change: Change) => void;
  readonly own: (change: Change) => void;
  readonly cover: (seen: Invalidated, reach: Reach) => void;
  readonly outcomes: readonly Outcome[];
} {
  const live = startLiveMaps();
  const under = new Map<Change, readonly Change[]>();
  const outcomes: Outcome[] = [];
  const pending = new Set<Outcome>();
  const index = { now: 0 };
  const madeAt = new Map<Change, number>();
  const close = (change: Change, met: boolean): Outcome => {
    const maps = under.get(change) ?? [];
    under.delete(change);
    const owners = new Set(maps.flatMap(({ did }) => did ?? []));
    if (met) change.did ??= reachOf(change.covered[0]?.words ?? 0n).did;
    else if (owners.size === 1 && maps.every(({ did }) => did !== undefined)) {
      [change.did] = owners;
    }
    live.remove(maps, change.did);
    const late = total - (madeAt.get(change) ?? 0) < patience;
    madeAt.delete(change);
    const coveredAt = met ? change.covered.at(-1) : undefined;
    return { change, met, late, owners, coveredAt, remapped: undefined };
  };
  return {
    outcomes,
    at: (now) => {
      index.now = now;
    },
    meet: (change) => {
      outcomes.push(close(change, true));
    },
    leave: (change) => {
      const outcome = close(change, false);
      outcomes.push(outcome);
      if (change.seen.change === "unmap") pending.add(outcome);
    },
    map: (change) => {
      madeAt.set(change, index.now);
      live.add(change);
      for (const outcome of pending) {
        if (overlaps(outcome.change.seen, change.seen)) outcome.remapped ??= change;
      }
    },
    own: (change) => {
      madeAt.set(change, index.now);
      under.set(change, live.under(change));
    },
    cover: (seen, reach) => {
      for (const outcome of pending) {
        const { change } = outcome;
        if (!mayBe(change, reach)) continue;
        change.open = without(change.open, reach);
        if (change.open.length > 0) continue;
        outcome.coveredAt = seen;
        pending.delete(outcome);
      }
    },
  };
}

/** Goes through what a driver did, and says what became of each mapping and unmapping. */
export function driverHistory(observations: readonly Observation[]): DriverHistory {
  const domains = new Set<number>();
  let invalidates = false;
  const collected = startOutcomes(observations.length);
  const { meet, leave, map, own, cover, outcomes } = collected;
  const flows = startFlows({ met: meet, left: leave });
  const change = (seen: MappingChanged): void => {
    const made = flows.change(seen, undefined);
    (seen.change === "map" ? map : own)(made);
  };
  for (const [index, seen] of observations.entries()) {
    collected.at(index);
    if (seen.kind === "mappingChanged" && seen.ordered) change(seen);
    else if (seen.kind === "deviceMoved") flows.pause(seen.context);
    else if (seen.kind === "invalidated") {
      const reach = reachOf(seen.words);
      if (!dropsTranslations(reach)) continue;
      invalidates = true;
      if (reach.did !== undefined) domains.add(reach.did);
      flows.invalidate(seen, reach);
      cover(seen, reach);
    }
  }
  flows.end();
  const strict = isRule(outcomes, "unmap");
  const cachingMode = isRule(outcomes, "map");
  return { outcomes, invalidates, strict, cachingMode, domains };
}
