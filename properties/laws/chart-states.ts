import type { ChartStep } from "../../hypervisor/turn.ts";
import { charts } from "../../machines/charts.ts";
import { transitionsOf } from "../../machines/transitions.ts";
import type { Guest } from "../../projections/guest.ts";
import type { World } from "../../projections/world.ts";
import { endInput, takeFact, takeStep } from "./chart-instances.ts";
import { transitionName } from "./chart-transitions.ts";
import type { ChartView } from "./chart-view.ts";
import { differenceIn } from "./chart-view.ts";
import { chartViews } from "./chart-views.ts";
import type { GuestCharts, Instances } from "./guest-charts.ts";
import { instancesOf, newGuestCharts } from "./guest-charts.ts";
import type { Count, Law } from "./law.ts";
import type { Moment, Run } from "./run.ts";
import { momentsOf } from "./run.ts";

/** A guest's charts by xstate alone, and beside them what the projection showed last. */
interface Watched {
  readonly own: GuestCharts;
  /** By place of the view: the part that it looked at, and what was right then. */
  readonly parts: unknown[];
  readonly wanted: (Instances | undefined)[];
  /** The guest that was compared last, and how often its charts had changed by then. */
  guest: Guest | undefined;
  changes: number;
}

/** Whether two versions of a guest show the same in every place that a view looks at. */
const showTheSame = (was: Guest, now: Guest): boolean =>
  was.charts === now.charts &&
  was.queue === now.queue &&
  was.faults === now.faults &&
  was.registers === now.registers &&
  was.pageRequests === now.pageRequests &&
  was.hosts === now.hosts &&
  was.keptOut === now.keptOut &&
  was.inFlight === now.inFlight;

/** Compares what a guest shows with what it should; what has not changed is not looked at. */
function look(watched: Watched, world: World, index: number, count: Count): string | undefined {
  const { own, parts, wanted } = watched;
  const guest = world.guests[index];
  if (guest === undefined) return undefined;
  const last = watched.guest;
  const isQuiet = watched.changes === own.changes && last !== undefined;
  watched.guest = guest;
  watched.changes = own.changes;
  if (isQuiet && (last === guest || showTheSame(last, guest))) return undefined;
  for (let at = 0; at < chartViews.length; at++) {
    const view = chartViews[at] as ChartView;
    const part = view.part(guest);
    const instances = instancesOf(own, view.chart);
    if (wanted[at] === instances && parts[at] === part) continue;
    parts[at] = part;
    wanted[at] = instances;
    const text = differenceIn(view, guest, world, instances);
    if (text !== undefined) return text;
    for (const state of instances.values()) count(`${view.chart.id}: ${state}`);
  }
  return undefined;
}

/** What charts were told after each event, by its number. */
function toldAfter({ told }: Run): ReadonlyMap<number, readonly ChartStep[]> {
  const bySeq = new Map<number, ChartStep[]>();
  for (const step of told) {
    const steps = bySeq.get(step.seq);
    if (steps === undefined) bySeq.set(step.seq, [step]);
    else steps.push(step);
  }
  return bySeq;
}

const nothing: readonly ChartStep[] = [];

/** Follows one event and what charts were told after it. @returns what is wrong. */
function follow(
  watched: Watched,
  { step, isLast, fact, index, was, after }: Moment,
  told: readonly ChartStep[],
  count: Count,
): string | undefined {
  if (fact !== undefined && was !== undefined) takeFact(watched.own, fact, was, count);
  const shown = look(watched, after, index, count);
  if (shown !== undefined) return shown;
  for (const one of told) {
    const text = takeStep(watched.own, one, step.input, count);
    if (text !== undefined) return text;
  }
  return isLast ? endInput(watched.own) : undefined;
}

export const chartsAreFollowed: Law = {
  id: "CH2",
  says:
    "After every event each chart is shown, by register and by projection, in the state that " +
    "xstate's own transition reaches from the same stimuli.",
  sometimes: charts.flatMap((chart) => [
    ...chart.states.map((state) => `${chart.id}: ${state}`),
    ...transitionsOf(chart).map((one) => `${chart.id}: ${transitionName(one)}`),
  ]),
  check(run, count) {
    const guests = run.setup.guests.map(
      (setup): Watched => ({
        own: newGuestCharts(setup),
        parts: [],
        wanted: [],
        guest: undefined,
        changes: 0,
      }),
    );
    const told = toldAfter(run);
    for (const moment of momentsOf(run)) {
      const watched = guests[moment.index];
      if (watched === undefined) continue;
      const text = follow(watched, moment, told.get(moment.seq) ?? nothing, count);
      if (text !== undefined) return { law: "CH2", seq: moment.seq, text };
    }
    return undefined;
  },
};
