import type { ChartStep } from "../../hypervisor/turn.ts";
import { charts } from "../../machines/charts.ts";
import { transitionsOf } from "../../machines/transitions.ts";
import type { World } from "../../projections/world.ts";
import { endInput, takeFact, takeStep } from "./chart-instances.ts";
import { transitionName } from "./chart-transitions.ts";
import { differenceIn } from "./chart-view.ts";
import { chartViews } from "./chart-views.ts";
import type { GuestCharts, Instances } from "./guest-charts.ts";
import { instancesOf, newGuestCharts } from "./guest-charts.ts";
import type { Count, Law } from "./law.ts";
import type { Moment, Run } from "./run.ts";
import { guestIndex, momentsOf } from "./run.ts";

/** A guest's charts by xstate alone, and beside them what the projection showed last. */
interface Watched {
  readonly own: GuestCharts;
  /** By view: the part that it looked at, and what was right then. */
  readonly seen: Map<object, readonly [unknown, Instances]>;
}

/** Compares what a guest shows with what it should; what has not changed is not looked at. */
function look({ own, seen }: Watched, world: World, index: number, count: Count) {
  const guest = world.guests[index];
  if (guest === undefined) return undefined;
  for (const view of chartViews) {
    const { chart } = view;
    const [part, wanted] = [view.part(guest), instancesOf(own, chart)];
    const last = seen.get(view);
    if (last !== undefined && last[0] === part && last[1] === wanted) continue;
    seen.set(view, [part, wanted]);
    const text = differenceIn(view, guest, world, wanted);
    if (text !== undefined) return text;
    for (const state of wanted.values()) count(`${chart.id}: ${state}`);
  }
  return undefined;
}

/** What charts were told after each event, by its number. */
function toldAfter({ told }: Run): ReadonlyMap<number, readonly ChartStep[]> {
  const bySeq = new Map<number, ChartStep[]>();
  for (const step of told) bySeq.set(step.seq, [...(bySeq.get(step.seq) ?? []), step]);
  return bySeq;
}

/** Follows one event and what charts were told after it. @returns what is wrong. */
function follow(
  watched: Watched,
  { step, seq, fact, before, after }: Moment,
  told: readonly ChartStep[],
  count: Count,
): string | undefined {
  const index = guestIndex(fact ?? step.input);
  const guest = before.guests[index];
  if (fact !== undefined && guest !== undefined) takeFact(watched.own, fact, guest, count);
  const shown = look(watched, after, index, count);
  if (shown !== undefined) return shown;
  for (const one of told) {
    const text = takeStep(watched.own, one, step.input, count);
    if (text !== undefined) return text;
  }
  return seq === step.after.seq ? endInput(watched.own) : undefined;
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
    const guests = run.setup.guests.map((setup) => ({
      own: newGuestCharts(setup),
      seen: new Map(),
    }));
    const told = toldAfter(run);
    for (const moment of momentsOf(run)) {
      const watched = guests[guestIndex(moment.fact ?? moment.step.input)];
      if (watched === undefined) continue;
      const text = follow(watched, moment, told.get(moment.seq) ?? [], count);
      if (text !== undefined) return { law: "CH2", seq: moment.seq, text };
    }
    return undefined;
  },
};
