import type { Fact } from "../../events/fact.ts";
import type { Input } from "../../events/input.ts";
import type { GuestSetup } from "../../events/setup.ts";
import type { ChartStep } from "../../hypervisor/turn.ts";
import type { AnyChart } from "../../machines/chart.ts";
import { charts } from "../../machines/charts.ts";
import { deviceTlb } from "../../machines/device/device-tlb.ts";
import { dmaRequest } from "../../machines/device/dma-request.ts";
import { attachment } from "../../machines/host/attachment.ts";
import { lifeCycle } from "../../machines/life/life-cycle.ts";
import { pageGroup } from "../../machines/page-request/page-group.ts";
import { eventLine } from "../../machines/registers/event-line.ts";
import type { Guest } from "../../projections/guest.ts";
import { referenceStep } from "./chart-transitions.ts";
import type { Count } from "./law.ts";

/** The instances of a chart that are not in its initial state, by what tells them apart. */
export type Instances = ReadonlyMap<string, string>;

/** A step whose first fact is still to come, and where it leads. */
interface Pending {
  readonly step: ChartStep;
  readonly key: string;
  readonly state: string;
}

/** Where each chart of a guest is, by xstate alone. */
export interface GuestCharts {
  readonly states: Map<AnyChart, Instances>;
  pending: readonly Pending[];
  /** The states that a record has, by its text. */
  readonly records: Map<string, ReadonlyMap<AnyChart, Instances>>;
  /** How many device-TLB invalidations there were: they have no other name. */
  asked: number;
}

const none: Instances = new Map();

export const instancesOf = ({ states }: GuestCharts, chart: AnyChart): Instances =>
  states.get(chart) ?? none;

const stateOf = (guest: GuestCharts, chart: AnyChart, key: string): string =>
  instancesOf(guest, chart).get(key) ?? chart.initial;

function enter(guest: GuestCharts, chart: AnyChart, key: string, state: string): void {
  const next = new Map(instancesOf(guest, chart));
  if (state === chart.initial) next.delete(key);
  else next.set(key, state);
  guest.states.set(chart, next);
}

/** The instances of a chart that `isGone` does not pick. */
function drop(guest: GuestCharts, chart: AnyChart, isGone: (key: string) => boolean): void {
  const left = [...instancesOf(guest, chart)].filter(([key]) => !isGone(key));
  guest.states.set(chart, new Map(left));
}

/** The key of a chart of which a guest has one. */
export const only = "";

type Requester = Readonly<Record<"source" | "pasid", number | undefined>>;
type Group = Readonly<Record<"device" | "group", number>>;

export const requesterName = ({ source, pasid }: Requester): string => `${source} ${pasid}`;
export const groupName = ({ device, group }: Group): string => `${device} ${group}`;

interface Asked {
  readonly device: number;
  readonly pasid?: number | undefined;
  readonly global?: boolean | undefined;
  readonly iova: bigint;
  readonly length: bigint;
}

/** A unit after power-on, whose devices were assigned: with translation off all of them pass. */
export function newGuestCharts({ devices }: GuestSetup): GuestCharts {
  const passing = devices.map(({ device, alias }) => {
    const name = requesterName({ source: alias ?? device, pasid: undefined });
    return [name, "passThrough"] as const;
  });
  const states = new Map([[attachment, new Map(passing)]]);
  return { states, pending: [], records: new Map(), asked: 0 };
}

/** An invalidation that a device was asked for; what stands before the colon is not shown. */
export const askedName = ({ device, pasid, global, iova, length }: Asked): string =>
  `: ${device} ${pasid} ${global === true} ${iova} ${length}`;

/** What stimuli name their instance by. */
interface Named extends Group, Requester {
  readonly type: string;
  readonly line: string;
  readonly tag: number | undefined;
  readonly entry: Requester | undefined;
  readonly dropped: Requester | undefined;
  readonly requested: Group | undefined;
  readonly asked: Asked | undefined;
  readonly answered: { readonly device: number } | undefined;
}

function deviceTlbKey(guest: GuestCharts, { asked, answered }: Named): string {
  if (asked !== undefined) {
    guest.asked += 1;
    return `${guest.asked}${askedName(asked)}`;
  }
  const device = `: ${answered?.device} `;
  return [...instancesOf(guest, deviceTlb).keys()].find((key) => key.includes(device)) ?? only;
}

/** Which instance of its chart a stimulus is for. */
function keyOf(guest: GuestCharts, { chart, stimulus }: ChartStep, input: Input): string {
  const named = stimulus as Named;
  switch (chart) {
    case eventLine:
      return named.line;
    case attachment:
      return requesterName(named.entry ?? named.dropped ?? named);
    case dmaRequest:
      return `${named.tag}`;
    case pageGroup:
      return groupName(named.type === "StopMarker" ? (input as Named) : (named.requested ?? named));
    case deviceTlb:
      return deviceTlbKey(guest, named);
    default:
      return only;
  }
}

/** Asks xstate where a chart goes. @returns the state, once the transition is counted. */
function lead(
  step: Pick<ChartStep, "chart" | "stimulus" | "unit">,
  state: string,
  count: Count,
): string {
  const { state: next, by } = referenceStep(step.chart, state, step.stimulus, step.unit);
  if (by !== undefined) count(`${step.chart.id}: ${by.name}`);
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
  const key = keyOf(guest, step, input);
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
  return [...Object.keys(told), "pasid"].every((name) => said[name] === wanted[name]);
}

/** Charts that are as they were at power-on when the unit is. */
const ofUnit = charts.filter(
  (chart) => ![lifeCycle, attachment, dmaRequest, pageGroup].includes(chart as never),
);

function powerOn(guest: GuestCharts): void {
  for (const chart of ofUnit) guest.states.delete(chart);
}

/** The device's own side of things ends with it, and what its requests alone met. */
function removeDevice(guest: GuestCharts, device: number, { devices }: Guest): void {
  drop(guest, pageGroup, (key) => key.startsWith(`${device} `));
  drop(guest, deviceTlb, (key) => key.includes(`: ${device} `));
  const requester = devices[device]?.requester;
  const others = Object.values(devices).filter((one) => one.requester === requester);
  if (requester === undefined || others.length > 1) return;
  drop(guest, attachment, (key) => key.startsWith(`${requester} `));
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
    guest.states.set(chart, instances);
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
      guest.states.delete(pageGroup);
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
      guest.states.delete(deviceTlb);
      break;
    case "DeviceTlbsGivenUp":
      giveUp(guest, count);
      break;
    default:
      break;
  }
}
