import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import { charts } from "../../machines/charts.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import { hostEntry } from "../../machines/host/host-entry.ts";
import { keepingOut } from "../../machines/host/keeping-out.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { deviceAt, devicesBehind } from "../../projections/device/devices.ts";
import type { Guest } from "../../projections/guest.ts";
import type { Named } from "./chart-keys.ts";
import { askedName, keyOf, only } from "./chart-keys.ts";
import { referenceStep, transitionName } from "./chart-transitions.ts";
import type { GuestCharts, Pending } from "./guest-charts.ts";
import { drop, enter, instancesOf, put, stateOf } from "./guest-charts.ts";
import type { Count } from "./law.ts";

/** A device answers the first invalidation that it was asked for; each new one has a number. */
function deviceTlbKey(guest: GuestCharts, { asked, answered }: Named): string {
  if (asked !== undefined) {
    guest.asked += 1;
    return `${guest.asked}${askedName(asked)}`;
  }
  const device = `: ${answered?.device} `;
  return [...instancesOf(guest, deviceTlb).keys()].find((key) => key.includes(device)) ?? only;
}

/** Asks xstate where a chart goes. @returns the state, once the transition is counted. */
function lead(
  step: Pick<ChartStep, "chart" | "stimulus" | "unit">,
  state: string,
  count: Count,
): string {
  const { state: next, by } = referenceStep(step.chart, state, step.stimulus, step.unit);
  if (by !== undefined) count(`${step.chart.id}: ${transitionName(by)}`);
  return next;
}

/**
 * No fact of some steps is to come any more: a host entry that stays as it is. @returns one that
 * leads elsewhere.
 */
function settle(guest: GuestCharts, isDone: (one: Pending) => boolean): string | undefined {
  const done = guest.pending.filter(isDone);
  if (done.length === 0) return undefined;
  guest.pending = guest.pending.filter((one) => !isDone(one));
  const stray = done.find(({ step, key, state }) => stateOf(guest, step.chart, key) !== state);
  if (stray === undefined) return undefined;
  const { step, key, state } = stray;
  return `${step.chart.id} ${key}: ${step.stimulus.type} leads to ${state}, and no fact says so`;
}

/** The input is done. @returns what is wrong. */
export const endInput = (guest: GuestCharts): string | undefined => settle(guest, () => true);

/**
 * A chart was told something: xstate says where that leads, once the first fact took effect.
 *
 * @returns what is wrong with the state that the model was in.
 */
export function takeStep(
  guest: GuestCharts,
  step: ChartStep,
  input: Input,
  count: Count,
): string | undefined {
  const { chart, stimulus, facts } = step;
  const key = chart === deviceTlb ? deviceTlbKey(guest, stimulus as Named) : keyOf(step, input);
  const stray = settle(guest, (one) => one.step.chart === chart && one.key === key);
  if (stray !== undefined) return stray;
  const own = stateOf(guest, chart, key);
  const told = `${chart.id} ${key} is told ${stimulus.type}`;
  if (step.state !== own) return `${told} in ${step.state}, not ${own}`;
  count(`${chart.id}: ${own}`);
  const state = lead(step, own, count);
  if (facts.length > 0) guest.pending = [...guest.pending, { step, key, state }];
  else if (state !== own) return `${told} and no fact leads to ${state}`;
  return undefined;
}

/** Whether a fact is one that was told; to a host entry shadow and first stage are added. */
function isTold(told: Fact | undefined, fact: Fact): boolean {
  if (told?.type !== fact.type) return false;
  const said = fact as unknown as Readonly<Record<string, unknown>>;
  const wanted = told as unknown as Readonly<Record<string, unknown>>;
  if (said["pasid"] !== wanted["pasid"]) return false;
  for (const name in wanted) if (said[name] !== wanted[name]) return false;
  return true;
}

/** Charts that are as they were at power-on when the unit is. */
const ofUnit = charts.filter(
  (chart) => ![lifeCycle, hostEntry, keepingOut, dmaRequest, pageGroup].includes(chart as never),
);

function powerOn(guest: GuestCharts): void {
  for (const chart of ofUnit) put(guest, chart);
}

/** The device's own side of things ends with it, and what its requests alone met. */
function removeDevice(guest: GuestCharts, device: number, of: Guest): void {
  drop(guest, pageGroup, (key) => key.startsWith(`${device} `));
  drop(guest, deviceTlb, (key) => key.includes(`: ${device} `));
  const requester = deviceAt(of, device)?.requester;
  if (requester === undefined || devicesBehind(of, requester).length > 1) return;
  for (const chart of [hostEntry, keepingOut]) {
    drop(guest, chart, (key) => key.startsWith(`${requester} `));
  }
}

/** One fact, that a chart of the queue tells, is of every invalidation that was asked for. */
function giveUp(guest: GuestCharts, count: Count): void {
  const step = { chart: deviceTlb, stimulus: { type: "GivenUp" }, unit: undefined };
  for (const [key, state] of instancesOf(guest, deviceTlb)) {
    enter(guest, deviceTlb, key, lead(step, state, count));
  }
}

function restore(guest: GuestCharts, record: string): void {
  for (const [chart, instances] of guest.records.get(record) ?? []) {
    put(guest, chart, instances);
  }
}

/** A fact takes effect: the step that told it, and what the projection does by itself. */
export function takeFact(guest: GuestCharts, fact: Fact, before: Guest, count: Count): void {
  const told = guest.pending.find(({ step }) => isTold(step.facts[0], fact));
  if (told !== undefined) {
    guest.pending = guest.pending.filter((one) => one !== told);
    enter(guest, told.step.chart, told.key, told.state);
  }
  switch (fact.type) {
    case "UnitDestroyed":
      put(guest, pageGroup);
      powerOn(guest);
      break;
    case "UnitCreated":
    case "UnitWasReset":
      powerOn(guest);
      break;
    case "UnitSaved":
      guest.records.set(fact.record, new Map(charts.map((one) => [one, instancesOf(guest, one)])));
      break;
    case "UnitRestored":
      restore(guest, fact.record);
      break;
    case "DeviceRemoved":
      removeDevice(guest, fact.device, before);
      break;
    case "QueueEnabled":
    case "QueueDisabled":
      put(guest, deviceTlb);
      break;
    case "DeviceTlbsGivenUp":
      giveUp(guest, count);
      break;
    default:
      break;
  }
}
