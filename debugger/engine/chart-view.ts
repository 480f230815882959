import { formatSourceId, hex } from "../../events/address.ts";
import { Fectl } from "../../events/registers/event-line.ts";
import { lineRegisters } from "../../events/registers/offset.ts";
import { hasEvent } from "../../history/columns/chunk.ts";
import { eventNumbers } from "../../history/columns/event-column.ts";
import { scan } from "../../history/columns/scan.ts";
import { worldWithin } from "../../history/step.ts";
import { stepOfEvent, worldAt } from "../../history/timeline/seek.ts";
import type { Timeline } from "../../history/timeline/timeline.ts";
import type { AnyChart } from "../../machines/chart.ts";
import { charts } from "../../machines/charts.ts";
import { transitionsOf } from "../../machines/transitions.ts";
import type { Guest } from "../../projections/guest.ts";
import { hostsWhere } from "../../projections/host/host-entry.ts";
import { readBytes, registersOf } from "../../projections/registers/registers.ts";
import type { ChartState } from "../protocol.ts";

type Units = ChartState["units"];

const one = (state: string): Units => [{ name: "", state }];
const mostUnits = 40;

/** Where an event line is, by what its control register shows. */
function lines(guest: Guest): Units {
  return Object.entries(lineRegisters).flatMap(([name, { control }]) => {
    if (registersOf(guest.profile).at(control) === undefined) return [];
    const { im, ip } = Fectl.decode(readBytes(guest, control, 4));
    return [{ name, state: im ? (ip ? "pending" : "masked") : "unmasked" }];
  });
}

const source = (of: number, pasid: number | undefined): string =>
  pasid === undefined ? formatSourceId(of) : `${formatSourceId(of)} PASID ${hex(pasid)}`;

/** The units of a chart that are somewhere, by the chart's id. */
const unitsOf: Readonly<Record<string, (guest: Guest) => Units>> = {
  "unit life cycle": ({ charts: { life } }) => one(life),
  translation: ({ charts: { translation } }) => one(translation),
  "invalidation queue": ({ queue }) => one(queue.state),
  "fault recording": ({ faults }) => one(faults.state),
  "event line": lines,
  "interrupt remapping": ({ charts: { remapping } }) => one(remapping),
  "protected memory": ({ charts: { protection } }) => one(protection),
  "host entry": ({ hosts }) =>
    hostsWhere(hosts).map((entry) => ({
      name: source(entry.source, entry.pasid),
      state: entry.state,
    })),
  "page request queue": ({ pageRequests }) => one(pageRequests.state),
  "page group": ({ pageRequests }) =>
    Object.values(pageRequests.groups).map(({ device, group, state }) => ({
      name: `${formatSourceId(device)} group ${group.toString()}`,
      state,
    })),
  "DMA request": ({ inFlight }) =>
    Object.entries(inFlight).map(([tag, { device }]) => ({
      name: `${formatSourceId(device)} tag ${tag}`,
      state: "inFlight",
    })),
  "device-TLB invalidation": ({ queue }) =>
    queue.unanswered.map(({ device, pasid }) => ({ name: source(device, pasid), state: "asked" })),
};

const unitsIn = (chart: AnyChart, guest: Guest): Units =>
  (unitsOf[chart.id]?.(guest) ?? []).slice(0, mostUnits);

const looks = 24;

/** The last transition of a chart of which a guest has one unit. */
function lastOf(
  timeline: Timeline,
  chart: AnyChart,
  at: number,
  index: number,
): ChartState["last"] {
  const kinds = eventNumbers(transitionsOf(chart).flatMap(({ facts }) => facts));
  const wanted = {
    mayBeIn: (chunk: Parameters<typeof hasEvent>[0]) => hasEvent(chunk, kinds),
    isAt: (chunk: Parameters<typeof hasEvent>[0], row: number) =>
      kinds.includes(chunk.event[row] as number),
  };
  const stateIn = (guest: Guest | undefined): string | undefined =>
    guest && unitsIn(chart, guest)[0]?.state;
  let from = at;
  for (let look = 0; look < looks && from >= 1; look++) {
    const seq = scan(timeline.columns, { from, to: 1 }, wanted);
    const step = seq === undefined ? undefined : stepOfEvent(timeline, seq);
    if (seq === undefined || step === undefined) return undefined;
    const was = stateIn(worldWithin(step, seq - 1).guests[index]);
    const is = stateIn(worldWithin(step, seq).guests[index]);
    if (was !== undefined && is !== undefined && was !== is) return { seq, from: was, to: is };
    from = seq - 1;
  }
  return undefined;
}

/** Every chart, and where a guest's units are in it after an event. */
export function chartStates(timeline: Timeline, at: number, index: number): readonly ChartState[] {
  const guest = worldAt(timeline, at)?.guests[index];
  if (guest === undefined) return [];
  return charts.map((chart): ChartState => {
    const units = unitsIn(chart, guest);
    const isOne = units.length === 1 && units[0]?.name === "";
    return {
      id: chart.id,
      states: chart.states,
      initial: chart.initial,
      arrows: transitionsOf(chart).map(({ from, to, stimulus, guard, facts }) => ({
        ...{ from, to, facts },
        name: guard === undefined ? stimulus : `${stimulus} [${guard}]`,
      })),
      units,
      last: isOne ? lastOf(timeline, chart, at, index) : undefined,
    };
  });
}
