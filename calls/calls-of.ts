import { everyPage } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { Step } from "../history/step.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt, hostsWhere, requesterKey } from "../projections/host/host-entry.ts";
import { shadowsOf } from "../projections/shadow/shadow.ts";
import type { World } from "../projections/world.ts";
import type { Call, CallResult, Requester } from "./call.ts";
import { concerned } from "./concerned.ts";
import { p2mRuns } from "./host-content.ts";
import { hasHost, p2mSpace } from "./host-number.ts";
import { mapCalls } from "./host-run.ts";
import type { Change, Phases } from "./phases.ts";
import { addAll, inOrder, newPhases } from "./phases.ts";
import { changeRequesters, move, requestersMoved } from "./requester-calls.ts";
import { requesterOf, targetOf } from "./requester-target.ts";
import {
  changeP2m,
  changeShadows,
  changeTracking,
  createShadow,
  destroyShadow,
  trackFrom,
} from "./space-calls.ts";
import { deviceInvalidations, tableInvalidations, tablesOf } from "./table-calls.ts";
import type { Touched } from "./touched.ts";
import { touchedBy } from "./touched.ts";

const noCalls: readonly Call[] = [];

/** Everything that the host has for a guest, from nothing. */
function createAll(phases: Phases, guest: Guest): void {
  if (!hasHost(guest)) return;
  const space = p2mSpace(guest);
  phases.made.push({ call: "createSpace", space, kind: "p2m" });
  trackFrom(phases, guest, space);
  addAll(phases.made, mapCalls(space, p2mRuns(guest, everyPage)));
  for (const shadow of shadowsOf(guest)) createShadow(phases, guest, shadow);
  for (const { create } of tablesOf(guest, hostsWhere(guest.hosts)).values()) {
    phases.made.push(create);
  }
}

function destroyAll(phases: Phases, guest: Guest): void {
  if (!hasHost(guest)) return;
  for (const table of tablesOf(guest, hostsWhere(guest.hosts)).keys()) {
    phases.tables.push({ call: "destroyTable", table });
  }
  for (const shadow of shadowsOf(guest)) destroyShadow(phases, guest, shadow);
  phases.spaces.push({ call: "destroySpace", space: p2mSpace(guest) });
}

/** The host begins anew: all that it has is made again under new numbers. */
function beginAnew(phases: Phases, { before, after }: Change): void {
  createAll(phases, after);
  const keys = new Map<number, Requester>();
  for (const entry of [...hostsWhere(before.hosts), ...hostsWhere(after.hosts)]) {
    keys.set(requesterKey(entry.source, entry.pasid), requesterOf(entry));
  }
  for (const { source, pasid } of keys.values()) {
    const [was, is] = [hostAt(before.hosts, source, pasid), hostAt(after.hosts, source, pasid)];
    move(phases, { source, pasid }, targetOf(before, was), targetOf(after, is));
  }
  destroyAll(phases, before);
}

/** The answers to page requests that go back to physical devices. */
function pageAnswers(guest: Guest, facts: readonly FactOf<"PageGroupAnswered">[]) {
  return facts.flatMap(({ device: source, pasid, group, response }): readonly Call[] => {
    const device = deviceAt(guest, source);
    if (device?.physical !== true) return [];
    const requester = { source: device.requester, pasid };
    return [{ call: "answerPages", requester, group, response }];
  });
}

/**
 * What one folded input asks of the host, in order. Each call leaves every requester with what it
 * reached before the input, or is to reach after it: first goes what is taken away, then comes what
 * nobody uses yet, then requesters move, then what is new is mapped, last goes what nobody uses.
 * Maps are maximal runs. It costs what the facts touch.
 */
export function callsOf(step: Step, guest: number): readonly Call[] {
  if ((step.input.guest ?? 0) !== guest) return noCalls;
  const [before, after] = [step.before.guests[guest], step.after.guests[guest]];
  if (before === after || before === undefined || after === undefined) return noCalls;
  const change = { before, after };
  if (before.hostEpoch !== after.hostEpoch) {
    const phases = newPhases();
    beginAnew(phases, change);
    return inOrder(phases);
  }
  if (!hasHost(before)) return noCalls;
  const touched = touchedBy(step);
  return touched === undefined ? noCalls : callsOfTouched(step, change, touched);
}

function callsOfTouched(step: Step, change: Change, touched: Touched): readonly Call[] {
  const { before, after } = change;
  const phases = newPhases();
  if (touched.isTrackingChanged) changeTracking(phases, change);
  changeP2m(phases, change, touched);
  changeShadows(phases, change, touched);
  changeRequesters(phases, change, requestersMoved(change, touched));
  // What a page request concerns the hardware has forgotten by itself before it was relayed.
  if (step.input.type !== "PageRequest") {
    addAll(phases.less, tableInvalidations(before, after, touched.invalidations));
  }
  addAll(phases.less, deviceInvalidations(before, after, touched.deviceTlbs));
  if (!hasHost(after)) phases.spaces.push({ call: "destroySpace", space: p2mSpace(before) });
  return [...inOrder(phases), ...pageAnswers(before, touched.answers)];
}

/**
 * What brings a host that has nothing for a guest to what a world needs: to begin with, or to take
 * over in the middle of a run.
 */
export function callsAtStart(world: World, guest: number): readonly Call[] {
  const known = world.guests[guest];
  if (known === undefined) return noCalls;
  const phases = newPhases();
  createAll(phases, known);
  for (const entry of hostsWhere(known.hosts)) {
    move(phases, requesterOf(entry), undefined, targetOf(known, entry));
  }
  return inOrder(phases);
}

/** Whether a call is made before any requester moves. */
const isTaking = ({ call }: Call): boolean => /^(unmap|trackDirty|invalidateTable)$/.test(call);

/**
 * What the VMM does once a call failed or timed out, of which nobody knows whether it did nothing
 * or all: every requester that it is about is kept from memory, and stays so until `HostRelease`.
 * The calls that were to follow are not made.
 *
 * @param world   after the input that led to the call; requesters are looked up in it.
 * @param before  that before it: who is to leave is where it was while things are taken away.
 */
export function callsAfterFailure(
  world: World,
  call: Call,
  result: CallResult,
  guest: number,
  before: World = world,
): readonly Call[] {
  const known = world.guests[guest];
  if (known === undefined || result === "done") return [];
  const whom = new Map<number, Requester>();
  for (const one of concerned(known, call)) whom.set(requesterKey(one.source, one.pasid), one);
  const old = before.guests[guest];
  for (const one of old !== undefined && isTaking(call) ? concerned(old, call) : []) {
    whom.set(requesterKey(one.source, one.pasid), one);
  }
  return [...whom.values()].map((requester) => ({
    call: "attach",
    requester,
    target: { to: "blocked" },
  }));
}
