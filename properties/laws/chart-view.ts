import type { AnyChart } from "../../machines/chart.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import type { Guest } from "../../projections/guest.ts";
import type { World } from "../../projections/world.ts";
import { only } from "./chart-keys.ts";
import type { Instances } from "./guest-charts.ts";

/** One place where a projection shows the state of a chart. */
export interface ChartView {
  readonly chart: AnyChart;
  readonly where: string;
  /** What of the guest it depends on: the same part shows the same. */
  readonly part: (guest: Guest) => unknown;
  /** The instances that are not in the initial state; `undefined` where there is no such place. */
  readonly shown: (guest: Guest, world: World) => Instances | undefined;
  /** What can be told there of a state. */
  readonly told: (state: string) => string;
}

const same = (state: string): string => state;

type Shown = (guest: Guest, world: World) => string | undefined;

/** A place that shows the state of a chart of which a guest has one. */
export const one = (
  chart: AnyChart,
  where: string,
  part: ChartView["part"],
  shown: Shown,
  told = same,
): ChartView => ({
  ...{ chart, where, part, told },
  shown: (guest, world) => {
    const state = shown(guest, world);
    if (state === undefined) return undefined;
    return new Map(state === told(chart.initial) ? [] : [[only, state]]);
  },
});

/** A place that shows the states of a chart of which a guest has several. */
export const many = (
  chart: AnyChart,
  where: string,
  part: ChartView["part"],
  shown: (guest: Guest) => Iterable<readonly [string, string]>,
): ChartView => ({
  ...{ chart, where, part, told: same },
  shown: (guest) => new Map(shown(guest)),
});

/** Whether a place shows the very instances that it should; one that does not may still say so. */
function isAlike({ chart, told }: ChartView, shown: Instances, own: Instances): boolean {
  if (shown.size !== own.size) return false;
  // Their order counts, and their names are not told apart by what is shown.
  if (chart === deviceTlb && own.size > 0) return false;
  for (const [key, state] of own) {
    const found = shown.get(key);
    if (found === undefined || told(found) !== told(state)) return false;
  }
  return true;
}

/** What a place shows otherwise than it should. */
export function differenceIn(
  view: ChartView,
  guest: Guest,
  world: World,
  own: Instances,
): string | undefined {
  const shown = view.shown(guest, world);
  if (shown === undefined || isAlike(view, shown, own)) return undefined;
  const text = (instances: Instances): string => {
    const all = [...instances].map(
      ([key, state]) => `${key.replace(/^\d*:/, "")} ${view.told(state)}`,
    );
    return view.chart === deviceTlb ? all.join("; ") : all.sort().join("; ");
  };
  const [found, wanted] = [text(shown), text(own)];
  if (found === wanted) return undefined;
  return `${view.where} shows ${view.chart.id} as "${found}", not "${wanted}"`;
}
