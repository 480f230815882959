import type { GuestSetup } from "../../events/setup.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import type { AnyChart } from "../../machines/chart.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import { requesterName } from "./chart-keys.ts";

/** The instances of a chart that are not in its initial state, by what tells them apart. */
export type Instances = ReadonlyMap<string, string>;

/** A step whose first fact is still to come, and where it leads. */
export interface Pending {
  readonly step: ChartStep;
  readonly key: string;
  readonly state: string;
}

/** Where each chart of a guest is, by xstate alone. */
export interface GuestCharts {
  readonly states: Map<AnyChart, Instances>;
  /** How often they changed. */
  changes: number;
  pending: readonly Pending[];
  /** The states that a record has, by its text. */
  readonly records: Map<string, ReadonlyMap<AnyChart, Instances>>;
  /** How many device-TLB invalidations there were: they have no other name. */
  asked: number;
}

const none: Instances = new Map();

export const instancesOf = ({ states }: GuestCharts, chart: AnyChart): Instances =>
  states.get(chart) ?? none;

export const stateOf = (guest: GuestCharts, chart: AnyChart, key: string): string =>
  instancesOf(guest, chart).get(key) ?? chart.initial;

export function put(guest: GuestCharts, chart: AnyChart, instances: Instances = none): void {
  guest.states.set(chart, instances);
  guest.changes += 1;
}

export function enter(guest: GuestCharts, chart: AnyChart, key: string, state: string): void {
  const next = new Map(instancesOf(guest, chart));
  if (state === chart.initial) next.delete(key);
  else next.set(key, state);
  put(guest, chart, next);
}

/** Without the instances that `isGone` picks. */
export function drop(guest: GuestCharts, chart: AnyChart, isGone: (key: string) => boolean): void {
  const left = [...instancesOf(guest, chart)].filter(([key]) => !isGone(key));
  put(guest, chart, new Map(left));
}

/** A unit after power-on, whose devices were assigned: with translation off all of them pass. */
export function newGuestCharts({ devices }: GuestSetup): GuestCharts {
  const passing = devices.map(({ device, alias }) => {
    const name = requesterName({ source: alias ?? device, pasid: undefined });
    return [name, "passThrough"] as const;
  });
  const states = new Map([[hostEntry, new Map(passing)]]);
  return { states, changes: 0, pending: [], records: new Map(), asked: 0 };
}
