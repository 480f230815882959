import { everyPage } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import type { Step } from "../history/step.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import { hostAt, hostsWhere, requesterKey } from "../projections/host/host-entry.ts";
import { shadowsOf } from "../projections/shadow/shadow.ts";
import type { World } from "../projections/world.ts";
import type { Call, Requester } from "./call.ts";
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
  if (touched.deviceTlbs.length > 0) {
    addAll(phases.less, deviceInvalidations(before, after, touched.deviceTlbs));
  }
  if (!hasHost(after)) phases.spaces.push({ call: "destroySpace", space: p2mSpace(before) });
  const calls = inOrder(phases);
  return touched.answers.length === 0 ? calls : [...calls, ...pageAnswers(before, touched.answers)];
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
