import type { FactOf } from "../events/fact.ts";
import type { Step } from "../history/step.ts";
import { deviceAt, deviceBehind } from "../projections/device/devices.ts";
import type { Guest } from "../projections/guest.ts";
import type { HostEntry } from "../projections/host/host-entry.ts";
import { hostAt, hostsWhere, requesterKey } from "../projections/host/host-entry.ts";
import type { Shadow } from "../projections/shadow/shadow.ts";
import { shadowAt, shadowsOf } from "../projections/shadow/shadows.ts";
import type { World } from "../projections/world.ts";
import type { Range } from "../tables/range.ts";
import { everyPage } from "../tables/range.ts";
import type { Call, Requester, Target } from "./call.ts";
import { isTooLarge, p2mRuns, protectedRanges, shadowRuns } from "./host-content.ts";
import { hasHost, p2mSpace, shadowSpace } from "./host-number.ts";
import type { Difference } from "./host-run.ts";
import { addDifference, mapCalls, unmapCalls } from "./host-run.ts";
import { requesterOf, targetOf } from "./requester-target.ts";
import { deviceInvalidations, isTableUsed, tableInvalidations, tablesOf } from "./table-calls.ts";
import type { Touched } from "./touched.ts";
import { touchedBy } from "./touched.ts";

const noCalls: readonly Call[] = [];

/** A step's calls by what they do, in the order in which they are made. */
interface Phases {
  /** Takes away; nothing reaches more. */
  readonly less: Call[];
  /** Makes what nobody uses yet, with all that is in it. */
  readonly made: Call[];
  /** Sends requesters elsewhere. */
  readonly moved: Call[];
  /** Adds what those who are there now may reach. */
  readonly more: Call[];
  /** Takes back what nobody uses any more: tables before the spaces below them. */
  readonly tables: Call[];
  readonly spaces: Call[];
}

const newPhases = (): Phases => ({
  less: [],
  made: [],
  moved: [],
  more: [],
  tables: [],
  spaces: [],
});

/** A guest before a step and after it. */
interface Change {
  readonly before: Guest;
  readonly after: Guest;
}

/** Ranges in order, those that meet as one. */
function joinedRanges(ranges: readonly Range[]): readonly Range[] {
  if (ranges.length < 2) return ranges;
  const made: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const last = made.at(-1);
    if (last !== undefined && range.first <= last.end) {
      made[made.length - 1] = { first: last.first, end: Math.max(last.end, range.end) };
    } else made.push(range);
  }
  return made;
}

/** Unmaps and maps what differs in a space that stays. */
function changeSpace(phases: Phases, space: number, { removed, added }: Difference): void {
  phases.less.push(...unmapCalls(space, removed));
  phases.more.push(...mapCalls(space, added));
}

function changeP2m(phases: Phases, { before, after }: Change, touched: Touched): void {
  const guarded = touched.isProtectionChanged
    ? [...protectedRanges(before), ...protectedRanges(after)]
    : [];
  const ranges = [...touched.p2m, ...guarded];
  if (ranges.length === 0) return;
  const difference: Difference = { removed: [], added: [] };
  for (const range of joinedRanges(ranges)) {
    addDifference(difference, p2mRuns(before, range), p2mRuns(after, range));
  }
  changeSpace(phases, p2mSpace(after), difference);
}

/** All that a space holds goes in one call. */
function emptied(difference: Difference): Difference {
  const [first, last] = [difference.removed[0], difference.removed.at(-1)];
  if (first === undefined || last === undefined) return difference;
  return { removed: [{ first: first.first, end: last.end }], added: [] };
}

function changeShadow(
  phases: Phases,
  change: Change,
  was: Shadow,
  is: Shadow,
  told: readonly Range[],
): void {
  const toggles = isTooLarge(was) !== isTooLarge(is);
  const ranges = toggles ? [everyPage] : joinedRanges(told);
  const difference: Difference = { removed: [], added: [] };
  for (const range of ranges) {
    addDifference(difference, shadowRuns(was, range), shadowRuns(is, range));
  }
  const all = toggles && isTooLarge(is) ? emptied(difference) : difference;
  changeSpace(phases, shadowSpace(change.after, is.id), all);
}

function createShadow(phases: Phases, guest: Guest, shadow: Shadow): void {
  const space = shadowSpace(guest, shadow.id);
  phases.made.push({ call: "createSpace", space, kind: "shadow" });
  phases.made.push(...mapCalls(space, shadowRuns(shadow)));
}

function destroyShadow(phases: Phases, guest: Guest, { id }: Shadow): void {
  phases.spaces.push({ call: "destroySpace", space: shadowSpace(guest, id) });
}

function changeShadows(phases: Phases, change: Change, touched: Touched): void {
  const { before, after } = change;
  for (const [id, ranges] of touched.shadows) {
    const [was, is] = [shadowAt(before, id), shadowAt(after, id)];
    if (was !== undefined && is !== undefined) changeShadow(phases, change, was, is, ranges);
    else if (is !== undefined) createShadow(phases, after, is);
    else if (was !== undefined) destroyShadow(phases, before, was);
  }
}

const isSameTarget = (a: Target | undefined, b: Target | undefined): boolean => {
  if (a?.to === "space") return b?.to === "space" && a.space === b.space;
  return a?.to === "table" ? b?.to === "table" && a.table === b.table : b === undefined;
};

/** Sends a requester where it goes now; one that goes nowhere is blocked and forgotten. */
function move(phases: Phases, requester: Requester, was?: Target, is?: Target): void {
  if (isSameTarget(was, is)) return;
  if (is === undefined) phases.moved.push({ call: "detach", requester });
  else phases.moved.push({ call: "attach", requester, target: is });
}

/** Creates and destroys tables as entries that changed need them. */
function changeTables(phases: Phases, { before, after }: Change, entries: Entries): void {
  const [were, are] = [tablesOf(before, entries.before), tablesOf(after, entries.after)];
  for (const [table, { stage, create }] of are) {
    if (!were.has(table) && !isTableUsed(before, table, stage)) phases.made.push(create);
  }
  for (const [table, { stage }] of were) {
    if (!are.has(table) && !isTableUsed(after, table, stage)) {
      phases.tables.push({ call: "destroyTable", table });
    }
  }
}

/** Entries of the same requesters, before a step and after it. */
interface Entries {
  readonly before: readonly HostEntry[];
  readonly after: readonly HostEntry[];
}

/** The requesters whose targets may be others than before. */
function requestersMoved({ before, after }: Change, touched: Touched): Iterable<Requester> {
  const { requesters } = touched;
  const add = (entry: HostEntry) =>
    requesters.set(requesterKey(entry.source, entry.pasid), requesterOf(entry));
  for (const device of touched.removed) {
    const source = deviceAt(before, device)?.requester;
    if (source === undefined || deviceBehind(after, source) !== undefined) continue;
    for (const entry of hostsWhere(before.hosts, (one) => one.source === source)) add(entry);
  }
  for (const id of touched.shadows.keys()) {
    const [was, is] = [shadowAt(before, id), shadowAt(after, id)];
    if (was === undefined || is === undefined || isTooLarge(was) === isTooLarge(is)) continue;
    for (const entry of hostsWhere(after.hosts, ({ shadow }) => shadow === id)) add(entry);
  }
  return requesters.values();
}

function changeRequesters(phases: Phases, change: Change, requesters: Iterable<Requester>): void {
  const { before, after } = change;
  const entries: { before: HostEntry[]; after: HostEntry[] } = { before: [], after: [] };
  for (const { source, pasid } of requesters) {
    const [was, is] = [hostAt(before.hosts, source, pasid), hostAt(after.hosts, source, pasid)];
    if (was !== undefined) entries.before.push(was);
    if (is !== undefined) entries.after.push(is);
    move(phases, { source, pasid }, targetOf(before, was), targetOf(after, is));
  }
  changeTables(phases, change, entries);
}

/** Everything that the host has for a guest, from nothing. */
function createAll(phases: Phases, guest: Guest): void {
  if (!hasHost(guest)) return;
  const space = p2mSpace(guest);
  phases.made.push({ call: "createSpace", space, kind: "p2m" });
  phases.made.push(...mapCalls(space, p2mRuns(guest, everyPage)));
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

const inOrder = ({ less, made, moved, more, tables, spaces }: Phases): readonly Call[] => [
  ...less,
  ...made,
  ...moved,
  ...more,
  ...tables,
  ...spaces,
];

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
  changeP2m(phases, change, touched);
  changeShadows(phases, change, touched);
  changeRequesters(phases, change, requestersMoved(change, touched));
  // What a page request concerns the hardware has forgotten by itself before it was relayed.
  if (step.input.type !== "PageRequest") {
    phases.less.push(...tableInvalidations(before, after, touched.invalidations));
  }
  phases.less.push(...deviceInvalidations(before, after, touched.deviceTlbs));
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
